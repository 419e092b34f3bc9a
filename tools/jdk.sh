# Sourced by build and mimic. find_jdk TOOL sets JDK to the home of a JDK or runtime 25 or newer that has bin/TOOL, or to
# nothing. It reads the file `release` of each home and starts no Java.

feature_version() { # home -> feature version, 0 if unknown
  version=$(sed -n 's/^JAVA_VERSION="\{0,1\}\([0-9]*\).*/\1/p' "$1/release" 2>/dev/null | head -n 1)
  echo "${version:-0}"
}

find_jdk() {
  on_path=$(command -v java 2>/dev/null || true)
  if [ -n "$on_path" ]; then
    on_path=$(dirname "$(dirname "$(readlink -f "$on_path" 2>/dev/null || echo "$on_path")")")
  fi
  for home in "${MIMIC_JAVA_HOME-}" "${JAVA_HOME-}" "$on_path" /usr/lib/jvm/* "$HOME"/.sdkman/candidates/java/* \
    "$HOME"/.jdks/* /opt/java/* /Library/Java/JavaVirtualMachines/*/Contents/Home; do
    [ -x "$home/bin/$1" ] || continue
    [ "$(feature_version "$home")" -ge 25 ] || continue
    JDK=$home
    return 0
  done
  JDK=
}
