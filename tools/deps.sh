#!/usr/bin/env bash
# Installs what constformer needs on Debian 12 or 13; a second run finds everything in place and does nothing.
#
#   tools/deps.sh            what the command and the run-time library need
#   tools/deps.sh --tests    also Catch2 3, the second compiler, formatting and documentation tools
#
# System packages come from the machine's own apt (root or sudo). A static libhwy.a, which no Debian release ships,
# and on Debian 12 also Catch2 3, are built from Debian's source packages into .deps/ beside this folder: apt-get
# reads them from the next suite with lists of its own, so the system's package lists stay as they are.
set -euo pipefail
cd "$(dirname "$0")/.."

with_tests=no
case "${1:-}" in
  --tests) with_tests=yes ;;
  "") ;;
  *) echo "usage: tools/deps.sh [--tests]" >&2; exit 2 ;;
esac

prefix=$PWD/.deps
jobs=${CF_JOBS:-$(nproc)}
highway_at_least=1.2.0

say() { printf 'deps: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif have sudo; then sudo "$@"
  else fail "need root or sudo to run: $*"
  fi
}

release=none
codename=none
if [ -r /etc/os-release ]; then
  # shellcheck disable=SC1091
  . /etc/os-release
  [ "${ID:-}" = debian ] && release=${VERSION_ID:-none} && codename=${VERSION_CODENAME:-none}
fi

elsewhere() {
  cat >&2 <<TEXT
deps: this is not Debian 12 or 13; install these yourself, then configure with cmake -S . -B build:
  a C++20 compiler (g++ >= 12 or clang >= 19), cmake >= 3.25, ninja or make
  Boost headers >= 1.74               range-v3 >= 0.12
  Highway >= 1.2 (static libhwy.a)    nlohmann-json >= 3.11
  CLI11 >= 2.1                        PCRE2 (static libpcre2-8.a)
  xxHash (static libxxhash.a)         sentencepiece >= 0.1.97
  toml++ >= 3.3
  Catch2 >= 3.4 for the tests
What is not found, CMake downloads at a pinned release (-DCF_FETCH=OFF forbids it).
TEXT
  exit 0
}

packages=()
want_tool() { have "$1" || packages+=("${2:-$1}"); }
want_package() { dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed || packages+=("$1"); }

want_system_packages() {
  want_tool g++
  have cmake && at_least 3.25 "$(cmake --version | sed -n '1s/[^0-9]*//p')" || packages+=(cmake)
  want_tool ninja ninja-build
  want_tool ccache
  want_tool pkg-config
  # binutils supplies the assembler's .incbin and objcopy; it always comes with g++.
  for name in libboost-dev librange-v3-dev nlohmann-json3-dev libcli11-dev libpcre2-dev libsentencepiece-dev \
      libtomlplusplus-dev libxxhash-dev; do
    want_package "$name"
  done
  [ "$with_tests" = no ] && return 0
  [ "$release" = 12 ] || want_package catch2
  want_tool git
  want_tool curl
  want_tool python3
  want_package python3-pip
  [ "${CI:-}" != true ] || want_package python3-venv
  want_tool clang++-19 clang-19
  want_package libclang-rt-19-dev
  want_tool clang-format-19
  want_tool doxygen
  # Kernels for 64-bit ARM are compiled and run here too.
  [ "$(uname -m)" = aarch64 ] || { want_tool aarch64-linux-gnu-g++ g++-aarch64-linux-gnu; want_tool qemu-aarch64-static qemu-user-static; }
}

install_system_packages() {
  [ ${#packages[@]} -gt 0 ] || return 0
  say "apt-get install ${packages[*]}"
  as_root apt-get -qq update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0 --no-install-recommends install \
    "${packages[@]}" >/dev/null
}

# The machine's own Debian mirrors: whatever its apt sources name for this release.
mirrors() {
  apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    awk -v name="$codename" '$3 == "main" && ($2 == name || $2 ~ /^(old)?stable$/) && !seen[$1]++ {print $1}'
}

private_apt() {
  apt-get -qq -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=- \
    -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User="$(id -un)" "$@"
}

# Leaves the newest source archives of the named packages in $work and returns 1 if no mirror has them.
download_sources() {
  local suite=$codename signed="" uri
  [ "$release" = 12 ] && suite=trixie
  [ -r /usr/share/keyrings/debian-archive-keyring.gpg ] &&
    signed="[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
  for uri in $(mirrors); do
    echo "deb-src $signed$uri $suite main" >"$work/sources.list"
    if private_apt update && (cd "$work" && private_apt source --download-only "$@" >/dev/null); then return 0; fi
  done
  return 1
}

build_highway() {
  mkdir -p "$work/highway"
  tar -xf "$work"/highway_*.orig.tar.* -C "$work/highway" --strip-components=1
  # Without contrib: vqsort alone would take minutes. Contrib's headers are installed all the same.
  cmake -S "$work/highway" -B "$work/highway-build" -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF \
    -DHWY_FORCE_STATIC_LIBS=ON -DHWY_ENABLE_CONTRIB=OFF -DHWY_ENABLE_TESTS=OFF -DHWY_ENABLE_EXAMPLES=OFF \
    -DHWY_ENABLE_INSTALL=OFF >"$work/highway.log" 2>&1 &&
    cmake --build "$work/highway-build" -j "$jobs" --target hwy >>"$work/highway.log" 2>&1 ||
    { tail -n 30 "$work/highway.log" >&2; fail "libhwy.a does not build"; }
  mkdir -p "$prefix/include" "$prefix/lib"
  (cd "$work/highway" && find hwy -name '*.h' -exec cp --parents -t "$prefix/include" {} +)
  cp "$work/highway-build/libhwy.a" "$prefix/lib/libhwy.a"
}

build_catch2() {
  mkdir -p "$work/catch2"
  tar -xf "$work"/catch2_*.orig.tar.* -C "$work/catch2" --strip-components=1
  cmake -S "$work/catch2" -B "$work/catch2-build" -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF \
    -DCATCH_INSTALL_DOCS=OFF -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib \
    -DCMAKE_CXX_STANDARD=20 >"$work/catch2.log" 2>&1 &&
    cmake --build "$work/catch2-build" -j "$jobs" >>"$work/catch2.log" 2>&1 &&
    cmake --install "$work/catch2-build" >>"$work/catch2.log" 2>&1 ||
    { tail -n 30 "$work/catch2.log" >&2; fail "Catch2 does not build"; }
}

# Catch2 with its main in one archive, for tests that run under an emulator.
build_catch2_arm() {
  local lib=$prefix/aarch64/lib
  [ -d "$work/catch2" ] || { mkdir "$work/catch2"; tar -xf "$work"/catch2_*.orig.tar.* -C "$work/catch2" --strip-components=1; }
  mkdir -p "$lib" "$prefix/aarch64/include"
  aarch64-linux-gnu-g++ -std=c++20 -O1 -c "$work/catch2/extras/catch_amalgamated.cpp" -o "$work/catch2_arm.o" || fail "Catch2 does not build for ARM"
  cp -r "$work/catch2/src/catch2" "$prefix/aarch64/include/"
  cp "$work/catch2/extras/catch_amalgamated.hpp" "$prefix/aarch64/include/"
  ar rcs "$lib/libCatch2.a" "$work/catch2_arm.o"
}

highway_version() {
  local base=$prefix/include/hwy/base.h
  [ -r "$base" ] && [ -r "$prefix/lib/libhwy.a" ] || { echo 0; return; }
  awk '/^#define HWY_(MAJOR|MINOR|PATCH) / {printf "%s%s", dot, $3; dot = "."}' "$base"
}

fill_prefix() {
  local sources=()
  at_least "$highway_at_least" "$(highway_version)" || sources+=(highway)
  [ "$with_tests" = yes ] && [ "$release" = 12 ] && [ ! -r "$prefix/lib/cmake/Catch2/Catch2Config.cmake" ] &&
    sources+=(catch2)
  local builds=("${sources[@]}")
  if [ "$with_tests" = yes ] && have aarch64-linux-gnu-g++ && [ ! -r "$prefix/aarch64/lib/libCatch2.a" ]; then
    builds+=(catch2_arm)
    [[ " ${sources[*]} " == *" catch2 "* ]] || sources+=(catch2)
  fi
  [ ${#builds[@]} -gt 0 ] || return 0
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  have ninja && export CMAKE_GENERATOR=Ninja  # a bare machine has no make
  say "building ${builds[*]} from Debian's source packages into .deps"
  download_sources "${sources[@]}" || fail "no apt source of this machine has the source packages: ${sources[*]}"
  local name
  for name in "${builds[@]}"; do "build_$name"; done
}

case "$release" in
  12 | 13) ;;
  *) elsewhere ;;
esac
want_system_packages
install_system_packages
fill_prefix
