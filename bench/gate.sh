#!/bin/sh
# Compares this machine's shares with the table kept for its processor in docs/bench:
#   bench/gate.sh               fails (1) where a share fell by more than 10 %, after two more measurements of those that did;
#                               3 where no table is of this processor: there is nothing to compare with
#   bench/gate.sh --save NAME   measures and keeps the table as docs/bench/NAME.json, NAME.md and NAME.png
# Takes three minutes and wants the machine to itself. Needs a ./build (or mvn package) before; ./build times nothing.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd -P)
. "$here/tools/jdk.sh"
find_jdk java
[ -n "$JDK" ] || { echo "gate: needs a JDK 25 or newer and found none" >&2; exit 69; }
[ -d "$here/bench/target/classes/dev" ] || { echo "gate: no bench/target/classes, expected them from a build; run ./build or mvn -Dmimic.quick -DskipTests package" >&2; exit 1; }
gate() {
  "$JDK/bin/java" -XX:+UseSerialGC -cp "$here/bench/target/classes:$here/app/target/lib/*" dev.mimic.bench.Gate "$@"
}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM

case $# in
  0) ;;
  2)
    case $2 in '' | */*) set -- '' '' ;; esac
    [ "$1" = --save ] || { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2; }
    "$here/mimic" bench --out "$folder"
    mkdir -p "$here/docs/bench"
    gate save "$here/docs/bench/$2.json" "$folder/bench.json"
    cp "$folder/bench.md" "$here/docs/bench/$2.md"
    cp "$folder/roofline.png" "$here/docs/bench/$2.png"
    exit 0 ;;
  *) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac

"$here/mimic" bench --json >"$folder/fresh-1.json"
for round in 2 3; do
  status=0
  gate compare "$here/docs/bench" "$folder/fallen" "$folder"/fresh-*.json || status=$?
  [ $status -eq 1 ] || exit $status
  echo "gate: measuring what fell again" # a neighbour's load is no fault of the kernel's
  "$here/mimic" bench --json --only "$(cat "$folder/fallen")" >"$folder/fresh-$round.json"
done
gate compare "$here/docs/bench" "$folder/fallen" "$folder"/fresh-*.json
