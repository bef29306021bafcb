#!/usr/bin/env bash
# Checks everything: ./test.sh, or one part: ./test.sh go | packages | terraform | web | browser.
# Installs what it needs. The first step that fails ends it; with CI=true a
# skipped test fails too.
set -euo pipefail
cd "$(dirname "$0")"

staticcheck=honnef.co/go/tools/cmd/staticcheck@v0.8.2
part=${1:-all}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { printf '%s\n' "$*"; }
fail() { printf 'test.sh: %s\n' "$*" >&2; exit 1; }

# step NAME COMMAND… runs one step and says how long it took.
step() {
  local name=$1 began=$SECONDS status
  shift
  say "== $name"
  set +e # in an "if" the command itself would run without -e
  (set -e; "$@")
  status=$?
  set -e
  if ((status)); then
    say "== FAILED: $name ($((SECONDS - began)) s)" >&2
    exit 1
  fi
  say "== $name: ok, $((SECONDS - began)) s"
}

# --- what it needs -----------------------------------------------------------

need_go() {
  command -v go >/dev/null || fail "MiniChat needs Go 1.26 or newer. Get it from https://go.dev/dl/ and put it on the PATH."
  local version
  version=$(go env GOVERSION 2>&1) || fail "Go does not run here: $version"
  [[ $version =~ ^(devel )?go1\.([0-9]+) ]] && ((BASH_REMATCH[2] >= 26)) ||
    fail "MiniChat needs Go 1.26 or newer; this is $version. Get it from https://go.dev/dl/."
}

# packages PACKAGE… installs what of these Debian packages is missing.
packages() {
  (($#)) || return 0
  command -v apt-get >/dev/null || fail "please install with this system's own package manager, then run again: $*"
  local sudo=()
  if ((EUID)); then
    command -v sudo >/dev/null || fail "please install as root, then run again: apt-get install $*"
    sudo=(sudo)
  fi
  say "installing: $*"
  "${sudo[@]}" apt-get update -qq </dev/null || say "apt-get update failed; trying with the lists that are here"
  # Debian starts the services that it installs, unless this file says no: tests
  # need the programs alone.
  local policy=/usr/sbin/policy-rc.d ours='' status=0
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" tee $policy >/dev/null && "${sudo[@]}" chmod +x $policy && ours=$policy
  fi
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" </dev/null >"$work/apt.log" 2>&1 || status=$?
  [[ -z $ours ]] || "${sudo[@]}" rm -f "$ours"
  ((status == 0)) || { tail -20 "$work/apt.log"; fail "apt-get could not install: $*"; }
}

has_package() { [[ $(dpkg-query -W -f '${Status}' "$1" 2>/dev/null) == *" installed" ]]; }

install_for_go() {
  local want=()
  command -v gcc >/dev/null || want+=(gcc libc6-dev)
  # The proxies that stand before the server in tests.
  [[ -x /usr/sbin/nginx ]] || want+=(nginx-light)
  [[ -x /usr/sbin/haproxy ]] || want+=(haproxy)
  # What reads the metrics, for its promtool.
  command -v promtool >/dev/null || want+=(prometheus)
  # The disk whose power tests pull.
  command -v mkfs.ext4 >/dev/null || want+=(e2fsprogs)
  packages ${want[@]+"${want[@]}"} # an empty list is unset to an old bash
}

# Terraform is built once, if it is not here.
install_for_terraform() {
  local want=() tool
  for tool in cloud-init shellcheck; do command -v $tool >/dev/null || want+=($tool); done
  packages ${want[@]+"${want[@]}"} # an empty list is unset to an old bash
  find_terraform || tools/terraform/build "$terraform_here/terraform"
}

terraform_here=${XDG_CACHE_HOME:-$HOME/.cache}/minichat/terraform-1.11.4
install_for_packages() {
  local want=()
  command -v rpm >/dev/null || want+=(rpm)
  command -v shellcheck >/dev/null || want+=(shellcheck)
  command -v systemd-analyze >/dev/null || want+=(systemd)
  command -v mkfs.ext4 >/dev/null || want+=(e2fsprogs)
  command -v sfdisk >/dev/null || want+=(fdisk)
  command -v curl >/dev/null || want+=(curl)
  command -v groff >/dev/null || want+=(groff-base)
  command -v man >/dev/null || want+=(man-db)
  packages ${want[@]+"${want[@]}"} # an empty list is unset to an old bash
}

find_terraform() { PATH=$PATH:$terraform_here command -v terraform >/dev/null; }

install_for_node() {
  local want=()
  command -v node >/dev/null || want+=(nodejs)
  command -v npm >/dev/null || want+=(npm)
  packages ${want[@]+"${want[@]}"} # an empty list is unset to an old bash
  local major
  major=$(node -p 'process.versions.node.split(".")[0]')
  ((major >= 20)) || fail "the tests of the web client need Node.js 20 or newer; this is $(node --version). Get it from https://nodejs.org/."
  # What is there and of the same lock file is not fetched again.
  local lock=web/node_modules/.lock
  if ! cmp -s web/package-lock.json $lock; then
    (cd web && npm ci --no-audit --no-fund --loglevel=error </dev/null)
    cp web/package-lock.json $lock
  fi
}

install_for_browser() {
  local want=()
  find_chromium || want+=(chromium)
  has_websockets || want+=(python3-websockets)
  if command -v dpkg-query >/dev/null; then
    for font in fonts-noto-color-emoji fonts-noto-cjk; do has_package $font || want+=("$font"); done
  fi
  packages ${want[@]+"${want[@]}"} # an empty list is unset to an old bash
  find_chromium || fail "there is no Chromium on the PATH; name it in CHROMIUM, then run again."
}

find_chromium() { [[ -n ${CHROMIUM:-} ]] || command -v chromium chromium-browser google-chrome >/dev/null; }

# Another Python may stand before the system's on the PATH.
has_websockets() {
  local python
  for python in python3 /usr/bin/python3; do
    "$python" -c 'import websockets' 2>/dev/null && return
  done
  return 1
}

# --- the steps ---------------------------------------------------------------

go_files() { find . -name node_modules -prune -o -name '*.go' -print; }

formatted() {
  local files
  files=$(go_files | xargs gofmt -l)
  [[ -z $files ]] || { say "gofmt would change:"; say "$files"; return 1; }
}

builds() {
  CGO_ENABLED=0 go build -o "$work/minichat" ./cmd/minichat
  "$work/minichat" version
}

# Other systems are only compiled: there is none here to run on. With -trimpath, as
# for the packages, which take it from the cache.
builds_elsewhere() {
  local target
  for target in linux/arm64 darwin/amd64 darwin/arm64 windows/amd64; do
    CGO_ENABLED=0 GOOS=${target%/*} GOARCH=${target#*/} go build -trimpath -o /dev/null ./cmd/minichat
  done
}

# node_tests FILE… runs them and, with CI=true, takes a skipped one for failed.
node_tests() {
  node --test --test-reporter=spec "$@" 2>&1 | tee "$work/node.log"
  if [[ ${CI:-} == true ]] && ! grep -Eq 'skipped 0$' "$work/node.log"; then
    say "a test was skipped; with CI=true that is a failure"
    return 1
  fi
}

types() { (cd web && npx --no-install tsc --noEmit -p .); }
vendored() { (cd web && node vendor/vendor.mjs --check); }
web_tests() { node_tests web/test/*.test.*js; }
browser_tests() {
  MINICHAT_BINARY="$work/minichat" node_tests --test-concurrency=1 --test-timeout=180000 e2e/browser/*.test.mjs e2e/stranger/*.test.mjs
}

# All but the race detector goes without cgo, as the program does: that way the
# steps share what is compiled.
vet() { CGO_ENABLED=0 go vet ./...; }
static_check() { CGO_ENABLED=0 go run "$staticcheck" ./...; }

# The tests build these by themselves; here it costs none of a test's time.
test_bucket() { (cd tools/versitygw && CGO_ENABLED=0 go tool -n versitygw); }
test_servers() {
  test_bucket
  (cd tools/metadata && CGO_ENABLED=0 go tool -n ec2-metadata-mock)
  (cd tools/litestream && CGO_ENABLED=0 go tool -n litestream)
  (cd tools/pebble && CGO_ENABLED=0 go tool -n pebble && CGO_ENABLED=0 go tool -n pebble-challtestsrv)
}

# A module of its own: what reads Terraform's language is no part of MiniChat.
terraform_checks() {
  go build -o "$work/gotest" ./tools/gotest
  cd deploy/terraform/check
  CGO_ENABLED=0 go vet ./...
  PATH=$PATH:$terraform_here CGO_ENABLED=0 "$work/gotest" ./...
}

terraform_part() {
  step "install for Terraform" install_for_terraform
  step "terraform" terraform_checks
}

# A module of its own: what writes packages is no part of MiniChat.
packages_checks() {
  go build -o "$work/gotest" ./tools/gotest
  cd deploy/packages
  CGO_ENABLED=0 go vet .
  CGO_ENABLED=0 "$work/gotest" .
}

packages_part() {
  step "install for the packages" install_for_packages
  step "packages" packages_checks
}

go_part() {
  step "install for Go" install_for_go
  step "gofmt" formatted
  step "go vet" vet
  step "staticcheck" static_check
  step "build" builds
  step "build for other systems" builds_elsewhere
  step "build the servers that tests talk to" test_servers
  step "go test" go run ./tools/gotest -race ./...
}

web_part() {
  step "install for the web client" install_for_node
  step "vendored libraries" vendored
  step "types" types
  step "web tests" web_tests
}

browser_part() {
  step "install for the browser" install_for_browser
  [[ -x $work/minichat ]] || step "build" builds
  step "build the S3 server" test_bucket
  step "browser tests" browser_tests
}

need_go
case $part in
  all) go_part; packages_part; terraform_part; web_part; browser_part ;;
  go) go_part ;;
  packages) packages_part ;;
  terraform) terraform_part ;;
  web) web_part ;;
  browser) step "install for the web client" install_for_node; browser_part ;;
  *) fail "there is no part \"$part\": ./test.sh, or ./test.sh go | packages | terraform | web | browser" ;;
esac
say "== all of it passed, $SECONDS s"
