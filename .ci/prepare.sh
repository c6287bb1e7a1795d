# .ci/prepare.sh: sourced by ./run and ./test. What both need before anything can be built: Debian's
# packages, a build directory, and a way to do long work quietly that shows what went wrong.
#
# The caller has set `root` to the top of the tree, and `set -euo pipefail`.

# What the server and its tests are built from. Debian 12's names.
packages_build=(g++ meson ninja-build pkg-config ccache
  protobuf-compiler libprotobuf-dev libsqlite3-dev libnghttp2-dev libssl-dev nlohmann-json3-dev
  libcxxopts-dev libexpected-dev libabsl-dev libxxhash-dev librapidcheck-dev doctest-dev)
# Real clients that the tests drive against a real server.
packages_test=(etcd-client python3-etcd3 nghttp2-client curl)
# The second compiler and its sanitizer runtimes; a browser for the pages of `lockstep report`.
packages_all=(clang libclang-rt-14-dev chromium)

# require_packages NAME...: installs those that dpkg does not know as installed; usually none.
require_packages() {
  local missing=() name state
  if ! command -v dpkg-query >/dev/null; then
    echo "This is not a Debian system, so nothing is installed for you. Needed are the equivalents of: $*"
    return 0
  fi
  for name in "$@"; do
    state=$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null || true)
    [ "$state" = installed ] || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0

  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "Some packages are missing, and there is neither root nor sudo to install them. As root, please run:"
      echo "  apt-get update && apt-get install --no-install-recommends ${missing[*]}"
      return 1
    fi
    as_root=(sudo)
  fi
  echo "installing: ${missing[*]}"
  local log=$root/build/packages.log
  mkdir -p "$root/build"
  # The lists of a fresh machine are empty or old; only then is an update worth its time.
  if ! apt_install >"$log" 2>&1; then
    if ! { "${as_root[@]}" apt-get update && apt_install; } >>"$log" 2>&1; then
      tail -n 20 "$log"
      echo "The packages could not be installed; the whole story is in $log"
      return 1
    fi
  fi
}
# Uses `as_root` and `missing` of require_packages.
apt_install() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
}

# A real etcd of Debian's release to compare with. Unpacked, not installed: the package would start a service of its own on
# the ports of ./run. Without it the tests that compare are left out, and this says so.
unpack_etcd() {
  local into=$root/build/etcd
  [ ! -x "$into/usr/bin/etcd" ] || return 0
  mkdir -p "$into"
  if ! (cd "$into" && apt-get download etcd-server && dpkg -x etcd-server_*.deb .) >"$into/log" 2>&1; then
    tail -n 5 "$into/log"
    echo "no package etcd-server to compare with: those tests are left out"
  fi
}

# configure DIRECTORY COMPILER [MESON OPTION...]: a build directory, made once.
configure() {
  local directory=$root/$1 compiler=$2
  shift 2
  [ ! -f "$directory/build.ninja" ] || return 0
  if command -v ccache >/dev/null; then
    compiler="ccache $compiler"
  fi
  mkdir -p "$directory"
  quietly "$directory/setup.log" env CXX="$compiler" meson setup "$directory" "$root" "$@"
}

# Two checkouts of the same source share what was compiled.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1

# quietly LOG COMMAND...: the output goes to LOG; on a terminal its newest line is shown in place, and
# if the command fails, its end is.
quietly() {
  local log=$1 status=0
  shift
  mkdir -p "$(dirname "$log")"
  if [ -t 1 ]; then
    "$@" 2>&1 | tee "$log" | show_newest_line || status=$?
  else
    "$@" >"$log" 2>&1 || status=$?
  fi
  if [ $status -ne 0 ]; then
    # What ninja says about a failure begins with the first FAILED line.
    if grep -q '^FAILED: ' "$log"; then
      sed -n '/^FAILED: /,$p' "$log" | head -n 80
    else
      tail -n 40 "$log"
    fi
    echo "failed: $*"
    echo "the whole story is in $log"
  fi
  return $status
}
show_newest_line() {
  local line
  while IFS= read -r line; do
    printf '\r\033[K%.*s' "$(( ${COLUMNS:-80} - 1 ))" "$line"
  done
  printf '\r\033[K'
}
