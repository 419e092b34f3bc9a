@echo off
rem Runs mimic on Windows. In a checkout it builds first where nothing is built; MIMIC_JAVA_HOME names the Java to use.
setlocal enabledelayedexpansion
set "HERE=%~dp0"
set "JDK="
for %%H in ("%MIMIC_JAVA_HOME%" "%JAVA_HOME%") do call :try "%%~H"
if not defined JDK for /d %%H in ("%ProgramFiles%\Eclipse Adoptium\*" "%ProgramFiles%\Java\*" "%ProgramFiles%\Microsoft\jdk*" "%USERPROFILE%\.jdks\*") do call :try "%%~H"
if not defined JDK (
  echo mimic: needs a JDK 25 or newer and found none; install one, for example Temurin 25 from adoptium.net, or set MIMIC_JAVA_HOME to its folder 1>&2
  exit /b 69
)
if exist "%HERE%pom.xml" (
  set "LIB=%HERE%app\target\lib"
  if not exist "!LIB!\mimic-app-*.jar" (
    where mvn >nul 2>&1 || (
      echo mimic: building needs Maven 3.8.7 or newer on the PATH 1>&2
      exit /b 69
    )
    echo note: building mimic, about a minute 1>&2
    pushd "%HERE%"
    set "JAVA_HOME=!JDK!"
    call mvn -B -q -Dmimic.quick -Dmaven.test.skip=true -pl app -am package 1>&2 || exit /b 1
    popd
  )
) else (
  set "LIB=%HERE%..\lib"
)
if not defined MIMIC_JAVA_OPTS goto start
rem An option that the JVM refuses ends it before mimic could say so. A debugger's agent may wait for its debugger.
if not "!MIMIC_JAVA_OPTS:jdwp=!"=="!MIMIC_JAVA_OPTS!" goto start
"%JDK%\bin\java" -XX:+UseSerialGC %MIMIC_JAVA_OPTS% -version >nul 2>&1 && goto start
echo mimic: the JVM does not start with MIMIC_JAVA_OPTS, which is !MIMIC_JAVA_OPTS!; what it says follows 1>&2
"%JDK%\bin\java" -XX:+UseSerialGC %MIMIC_JAVA_OPTS% -version 1>&2
exit /b 2
:start
rem Kernels check their ranges once at entry; that every vector load checks them again would cost up to a quarter.
"%JDK%\bin\java" -XX:+UseSerialGC -Djdk.incubator.vector.VECTOR_ACCESS_OOB_CHECK=0 -Dstdout.encoding=UTF-8 -Dstderr.encoding=UTF-8 -Dstdin.encoding=UTF-8 -Djava.awt.headless=true --enable-native-access=dev.mimic.kernels %MIMIC_JAVA_OPTS% -p "%LIB%" -m dev.mimic.app/dev.mimic.app.Main %*
exit /b %ERRORLEVEL%

:try
if defined JDK exit /b
if not exist "%~1\bin\java.exe" exit /b
for /f "tokens=2 delims==." %%V in ('findstr /b JAVA_VERSION "%~1\release" 2^>nul') do (
  set "VERSION=%%~V"
  set "VERSION=!VERSION:"=!"
  if !VERSION! geq 25 set "JDK=%~1"
)
exit /b
