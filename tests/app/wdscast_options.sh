#!/bin/bash
# wdscast without a wire: its options, its mistakes, its digests. Arguments: SOURCE BUILD
set -u
. "$1/tests/support/cases.sh"
WDSCAST=$(realpath "$2")/app/wdscast
DIR=$(mktemp -d) || exit 1
trap 'rm -rf "$DIR"' EXIT
cd "$DIR" || exit 1

# run ARGUMENTS...: sets CODE; what it prints is in out and err.
run() {
	timeout 20 "$WDSCAST" "$@" >out 2>err
	CODE=$?
}

# refused CODE TEXT ARGUMENTS...: one line of error with this text, this exit code.
refused() {
	local code=$1 text=$2

	shift 2
	run "$@"
	check_equal "wdscast $*: exit code" "$code" "$CODE"
	check_equal "wdscast $*: one line" 1 "$(grep -c . err)"
	check "wdscast $*: says \"$text\"" grep -q -- "$text" err
}

mkdir -p root/images/deep root/Other
head -c 100000 /dev/urandom >root/images/a.img
head -c 3000000 /dev/urandom >"root/images/deep/b b.img"
: >root/Other/empty
echo top >root/in_no_namespace
ln -s /etc/passwd root/images/out

run --help
check_equal "--help ends with 0" 0 "$CODE"
check "--help shows the options" grep -q -- --block-size out
run --version
check_equal "--version ends with 0" 0 "$CODE"
check "--version is one line" test "$(wc -l <out)" = 1

refused 2 "--root DIR is missing"
refused 2 "nonsense" --root root nonsense
refused 2 "70000" --root root --block-size 70000
refused 2 "not a number" --root root --udp-port 0
refused 2 "not a size" --root root --cache 5Q
refused 2 "no multicast address" --root root --group 10.0.0.1
refused 2 "not an address" --root root --ip 10.0.0.300/24
refused 2 "FIRST-LAST" --root root --session-ports 64001
refused 2 "busy or adaptive" --root root --poll lazy
refused 2 "keep, demote or kick" --root root --slow crawl
refused 2 "one rate or two" --root root --slow-threshold 100x
refused 2 "--slow-threshold" --root root --slow-threshold 100,200
refused 2 "--clients-per-address" --root root --clients-per-address 0
refused 2 "--clients-per-address" --root root --clients-per-address 201
refused 2 "--streams" --root root --streams 4
refused 3 "No such file" --root none --port kernel:lo
refused 3 "nope0" --root root --port kernel:nope0

printf meta >root/images/a.img.wdsmeta # belongs to the object and is none
run --root root --digest
check_equal "--digest ends with 0" 0 "$CODE"
(cd root && sha256sum Other/empty images/a.img "images/deep/b b.img") >want
check "--digest prints every object, as sha256sum does" cmp -s want out
run --root root --digest images/a.img
check_equal "--digest of one object" "$(sed -n 2p want)" "$(cat out)"
refused 1 "images/none" --root root --digest images/none
refused 1 "images/a.img.wdsmeta" --root root --digest images/a.img.wdsmeta
refused 1 "images/out" --root root --digest images/out
refused 2 "NAMESPACE/OBJECT" --root root --digest a.img
refused 3 "none" --root none --digest
cases_end
