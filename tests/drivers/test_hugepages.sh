#!/bin/bash
# drivers-config/hugepages on a machine of two NUMA nodes made of files.
set -u
. "$(dirname "$0")/../support/cases.sh"
HUGEPAGES=$(dirname "$0")/../../drivers-config/hugepages
TREE=$(mktemp -d "${TMPDIR:-/tmp}/wds-huge-XXXXXX") || exit 3
trap 'rm -rf "$TREE"' EXIT
trap 'exit 130' INT TERM
chmod 755 "$TREE"

# pool NODE KIB PAGES
pool() {
	local at=$TREE/sys/devices/system/node/node$1/hugepages/hugepages-$2kB

	mkdir -p "$at"
	echo "$3" >"$at/nr_hugepages"
	echo "$3" >"$at/free_hugepages"
}

pages() {
	cat "$TREE/sys/devices/system/node/node$1/hugepages/hugepages-${2}kB/nr_hugepages"
}

OUT=""
hugepages() {
	OUT=$("$HUGEPAGES" --root "$TREE" "$@" 2>&1)
}

exits_with() {
	local want=$1

	shift
	hugepages "$@"
	[ $? = "$want" ]
}

pool 0 2048 16
pool 1 2048 0
pool 0 1048576 0
pool 1 1048576 2

hugepages status
check "status shows a node's pages" grep -qE '^node0 +2M +16 +16 +32M$' <<<"$OUT"
check "... of every size" grep -qE '^node1 +1G +2 +2 +2048M$' <<<"$OUT"
check "reset with nothing changed succeeds" hugepages reset
check "set of so much memory" hugepages set 512M
check_equal "... gives node 0 its pages" 256 "$(pages 0 2048)"
check_equal "... and node 1" 256 "$(pages 1 2048)"
check "set of so many pages on one node" hugepages set 100 --node 1
check_equal "... gives it those" 100 "$(pages 1 2048)"
check_equal "... and the other keeps its own" 256 "$(pages 0 2048)"
check "set of pages of 1 GiB" hugepages set 3G --size 1G --node 0
check_equal "... in their unit" 3 "$(pages 0 1048576)"
hugepages status
check "status says that it was changed" grep -q 'reset puts back' <<<"$OUT"
check "reset succeeds" hugepages reset
check_equal "reset puts back what was there before the first set: node 0" "16 0" "$(pages 0 2048) $(pages 0 1048576)"
check_equal "... and node 1" "0 2" "$(pages 1 2048) $(pages 1 1048576)"
check "an odd amount is rounded up to whole pages" hugepages set 3M --node 0
check_equal "... of 2 MiB" 2 "$(pages 0 2048)"
hugepages reset

check "no amount is a usage error" exits_with 2 set
check "a wrong amount is a usage error" exits_with 2 set 1T
check "an unknown command is a usage error" exits_with 2 give
check "an unknown node is an error" exits_with 1 set 4 --node 7
ln -sf /dev/null "$TREE/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages"
check "fewer pages than asked for is an error" exits_with 1 set 8 --node 0
check "... that says how many there are" grep -q 'only 0 of 8 pages' <<<"$OUT"
rm -r "$TREE/run" "$TREE/sys/devices/system/node/node0/hugepages/hugepages-2048kB"
if [ "$(id -u)" = 0 ]; then
	OUT=$(setpriv --reuid=65534 --regid=65534 --clear-groups "$HUGEPAGES" --root "$TREE" set 4 --node 1 2>&1)
	check "who is not root is told" grep -q 'this needs root' <<<"$OUT"
fi
rm -r "$TREE/sys/devices"
mkdir -p "$TREE/sys/kernel/mm/hugepages/hugepages-2048kB"
echo 5 >"$TREE/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
check "a kernel without NUMA has one pool" hugepages set 9
check_equal "... which is set" 9 "$(cat "$TREE/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages")"
hugepages reset
check_equal "... and put back" 5 "$(cat "$TREE/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages")"
rm -r "$TREE/sys/kernel"
check "a kernel without huge pages is an error" exits_with 1 status
cases_end
