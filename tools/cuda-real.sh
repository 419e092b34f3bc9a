#!/bin/sh
# Checks the CUDA binding against NVIDIA's own libraries, without a GPU: symbols, versions, errors, and the arguments that
# cuBLAS and cuSOLVER say they got. Fetches CUDA 12.4 from the non-free part of Debian trixie (410 MB; 1 GB unpacked) into
# a scratch folder; the system's list of packages stays as it is. Run it after ./build, on Debian for amd64.
#   tools/cuda-real.sh [DIR]     DIR defaults to target/cuda-real in the project
# Exit 0 if all checks pass, 1 if one fails, 69 where the libraries cannot be had.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd -P)
dir=${1:-$here/target/cuda-real}
packages='libcudart12 libcublas12 libcublaslt12 libcusolver11 libcusparse12 libnvjitlink12'
classes=$here/kernels/target/classes:$here/kernels/target/test-classes
. "$here/tools/jdk.sh"

skipped() {
  echo "SKIPPED: real libraries not available"
  echo "cuda-real: $1" >&2
  exit 69
}

find_jdk java
[ -n "$JDK" ] || {
  echo "cuda-real: needs Java 25 or newer and found none" >&2
  exit 1
}
[ -f "$here/kernels/target/test-classes/dev/mimic/kernels/cuda/RealLibraries.class" ] || {
  echo "cuda-real: the tests are not compiled; run ./build first" >&2
  exit 1
}
for tool in apt-get dpkg-deb; do
  command -v "$tool" >/dev/null 2>&1 || skipped "needs $tool and found none"
done
[ "$(dpkg --print-architecture)" = amd64 ] || skipped "only the libraries for amd64 are fetched"

mkdir -p "$dir"
dir=$(cd "$dir" && pwd -P)
if [ ! -f "$dir/complete" ]; then
  # the archive that the system itself is installed from, of another suite
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep -v security | sort -u | head -n 1)
  [ -n "$mirror" ] || skipped "no Debian archive is set up here"
  mkdir -p "$dir/apt/lists/partial" "$dir/apt/cache/archives/partial" "$dir/debs" "$dir/root"
  cat >"$dir/apt/cuda.sources" <<END
Types: deb
URIs: $mirror
Suites: trixie
Components: non-free
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END
  apt() {
    apt-get -q -o Dir::Etc::sourcelist="$dir/apt/cuda.sources" -o Dir::Etc::sourceparts=/dev/null \
      -o Dir::State::Lists="$dir/apt/lists" -o Dir::Cache="$dir/apt/cache" "$@" >>"$dir/apt/log" 2>&1
  }
  apt update || skipped "$(tail -n 1 "$dir/apt/log")"
  (cd "$dir/debs" && apt download $packages) || skipped "$(tail -n 1 "$dir/apt/log")"
  for deb in "$dir"/debs/*.deb; do
    dpkg-deb -x "$deb" "$dir/root"
    rm "$deb"
  done
  touch "$dir/complete"
fi
for file in "$dir"/root/usr/lib/x86_64-linux-gnu/*.so.*.*; do
  echo "     $(basename "$file")"
done
cd "$dir" # where a child that crashes leaves its report
"$JDK/bin/java" --enable-native-access=ALL-UNNAMED -cp "$classes" dev.mimic.kernels.cuda.RealLibraries \
  "$dir/root/usr/lib/x86_64-linux-gnu"
