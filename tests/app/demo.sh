#!/bin/bash
# app/demo does what README.md says of it, and cleans up also when it is interrupted.
. "$(dirname "$0")/lab.sh"
LITTER=$(lab_litter)
NET_DIR=$(mktemp -d)
trap 'rm -rf "$NET_DIR"' EXIT
CASES_LOGS=("$NET_DIR/demo.log" "$NET_DIR/demo.err")

# The namespaces and scratch directories that demos have left: their names have the number of the process that
# made them, and one that still runs has a right to them.
demos() {
	local name process

	{
		ip netns list | grep -oE 'wds-[0-9]+-'
		ls -d /dev/shm/wds-* /tmp/wds-[0-9]*-* 2>/dev/null
	} | sort -u | while read -r name; do
		process=${name##*wds-}
		kill -0 "${process%%-*}" 2>/dev/null || echo "$name"
	done
}

run_demo() {
	"$SOURCE/app/demo" "$@" >"$NET_DIR/demo.log" 2>"$NET_DIR/demo.err" </dev/null
	STATUS=$?
}

is_result() {
	tail -1 "$NET_DIR/demo.log" | grep -qE "^\{\"ok\":true,\"port\":\"$1\",\"bytes\":$2,\"receivers\":\[(\{\"name\":\"r[0-9]+\",\"ok\":true,\"bytes\":$2,\"seconds\":[0-9.]+,\"gbps\":[0-9.]+,\"repaired_blocks\":[0-9]+,\"late\":(true|false)\},?){$3}\]\}$"
}

before=$(demos)
run_demo --size 32M --receivers 3 --json
check_equal "three receivers on af_packet" 0 "$STATUS"
check "its last line is the result in JSON" is_result af_packet $((32 << 20)) 3
check_equal "the last of them joined late" 1 "$(grep -oE '"late":true' "$NET_DIR/demo.log" | wc -l)"
run_demo --size 32M --port memif --receivers 1 --json
check_equal "one receiver on memif" 0 "$STATUS"
check "its last line is the result in JSON" is_result memif $((32 << 20)) 1
# Only where there was a compiler for the XDP program.
if [ -e "$BUILD/drivers-config/wdscast_xdp.bpf.o" ]; then
	run_demo --size 16M --port af_xdp --json
	check_equal "two receivers on af_xdp" 0 "$STATUS"
	check "its last line is the result in JSON" is_result af_xdp $((16 << 20)) 2
fi
run_demo --size 8M --block-size 8785
check_equal "blocks in fragments" 0 "$STATUS"
check "a table for people" grep -qE '^r1 +8388608 .*SHA-256 equal' "$NET_DIR/demo.log"
run_demo --port memif --receivers 2
check_equal "two receivers on memif are a usage error" 2 "$STATUS"
check "... that says why" grep -q 'one receiver' "$NET_DIR/demo.err"
run_demo --size nonsense
check_equal "a size that is none is a usage error" 2 "$STATUS"

env --default-signal=INT setsid "$SOURCE/app/demo" --size 512M >"$NET_DIR/demo.log" 2>&1 </dev/null &
demo=$!
net_until 30 grep -q "receiving it" "$NET_DIR/demo.log"
sleep 1
kill -INT -- "-$demo"
wait "$demo"
check_equal "Ctrl-C ends it with 130" 130 $?
is_clean() {
	[ "$(demos)" = "$before" ]
}
check "nothing of the demos is left" net_until 5 is_clean
check_equal "nothing is left on the machine" "" "$(lab_left_behind)"
cases_end
