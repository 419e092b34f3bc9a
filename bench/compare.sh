#!/bin/sh
# Tokens a second of mimic beside other runtimes, on the same random weights, in turn, run by run; prints ratios of medians:
#   bench/compare.sh [--llama-bench FILE] [--llama3-java Llama3.java] [--jlama VERSION] [--tokenizer FOLDER] [--work FOLDER]
#                    [--shapes 135m,1.2b] [--types F32,BF16,Q8,Q4] [--threads 1,2] [--prompt 512] [--reply 128] [--rounds 3]
# FILE is a built llama-bench, with llama-quantize beside it. Jlama VERSION (0.8.4) comes from Maven Central. The Java peers
# want a vocabulary: FOLDER holds tokenizer.json and tokenizer_config.json of Llama 3; Llama3.java lies in com/llama4j, as its
# package wants it. What is not given is named and left out. The models (8 GB) stay in the work folder (default:
# mimic-compare in the folder for temporary files).
# Needs a ./build (or mvn package) before.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd -P)
. "$here/tools/jdk.sh"
find_jdk javac
[ -n "$JDK" ] || { echo "compare: needs a JDK 25 or newer and found none" >&2; exit 69; }
[ -d "$here/bench/target/classes/dev" ] || { echo "compare: no bench/target/classes, expected them from a build; run ./build or mvn -Dmimic.quick -DskipTests package" >&2; exit 1; }
[ $(($# % 2)) -eq 0 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }

work=${TMPDIR:-/tmp}/mimic-compare
jlama=
for argument in "$@"; do
  case ${before-} in
    --work) work=$argument ;;
    --jlama) jlama=$argument ;;
  esac
  before=$argument
done
mkdir -p "$work"

# a later option replaces an earlier one
set -- "$@" --work "$work"
if [ -n "$jlama" ]; then
  jars=$work/jlama-$jlama
  if [ ! -d "$jars/lib" ]; then
    mkdir -p "$jars"
    cat >"$jars/pom.xml" <<EOF
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>peer</groupId>
  <artifactId>jlama</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>com.github.tjake</groupId><artifactId>jlama-core</artifactId><version>$jlama</version></dependency>
    <dependency><groupId>com.github.tjake</groupId><artifactId>jlama-native</artifactId><version>$jlama</version><classifier>linux-x86_64</classifier></dependency>
  </dependencies>
</project>
EOF
    JAVA_HOME=$JDK mvn -B -q -f "$jars/pom.xml" dependency:copy-dependencies -DoutputDirectory="$jars/lib" >&2 || {
      rm -rf "$jars/lib"
      echo "note: Jlama $jlama could not be had from Maven Central" >&2
    }
  fi
  if [ -d "$jars/lib" ]; then
    "$JDK/bin/javac" -nowarn -proc:none -d "$jars/classes" -cp "$jars/lib/*" "$here/bench/peers/JlamaSpeed.java" >&2
    set -- "$@" --jlama "$jars/lib" --jlama-classes "$jars/classes"
  fi
fi
exec "$JDK/bin/java" -XX:+UseSerialGC ${MIMIC_JAVA_OPTS-} -cp "$here/bench/target/classes:$here/app/target/lib/*" \
  dev.mimic.bench.Compare "$@"
