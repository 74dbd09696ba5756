#!/bin/bash
# The kernel's network goes on beside ours: a TCP connection such as ssh's on the same interface, or by the tap of
# a port that took the kernel's card. Arguments: SOURCE BUILD
. "$(dirname "$0")/lab.sh"
SIZE=$((12 << 20))
TALK=$SOURCE/tests/support/talk.py

has_answers() {
	[ "$(grep -c . "$NET_DIR/ask.log")" -ge "$1" ]
}

# goes_on WHAT ADDRESS [wdsget's options]: while an object is received that takes many minutes, a connection is made
# and answered, and both go on. Then a file is received to its end.
goes_on() {
	local what=$1 address=$2 bytes asking

	shift 2
	URL_OF=wds://$address/images/long.img
	get r1 -o null: --stats "$@"
	CASES_LOGS+=("$NET_DIR/ask.log.err")
	check "$what: a transfer begins" net_until 30 has_bytes r1 1
	net_start r1 "$NET_DIR/ask.log" python3 "$TALK" ask "$address" 2222
	asking=$STARTED
	check "$what: a connection is answered meanwhile" net_until 30 has_answers 60
	bytes=$(member r1 bytes)
	check "$what: the transfer goes on" net_until 30 has_bytes r1 $((bytes + 1))
	net_stop TERM "$asking" 5
	net_stop INT "${PID[r1]}" 10
	check_equal "$what: it ends when it is told to" 130 "$STATUS"
	TO_KERNEL=$(member r1 to_kernel) FROM_KERNEL=$(member r1 from_kernel)
	URL_OF=wds://$address/images/disk.img
	get r1 "$@"
	crosses "$what: a file" r1
}

tap_is_up() {
	net_run "$1" ip -4 addr show dev wds0 2>/dev/null | grep -q inet
}

lab_begin $SIZE r1
truncate -s 512G "$ROOT/images/long.img"
net_start srv "$NET_DIR/echo.log" python3 "$TALK" serve 2222
ECHOING=$STARTED

# Only where there was a compiler for the XDP program.
[ ! -e "$BUILD/drivers-config/wdscast_xdp.bpf.o" ] || INTERFACES="af_xdp af_packet"
for PORT in ${INTERFACES:-af_packet}; do
	serve
	goes_on "$PORT" $SERVER_IP
	stop_server "$PORT"
done

# A memif stands for the card that the kernel has lost: there is no other way between these addresses.
serve --port "memif:$NET_DIR/memif,server" --ip 10.98.0.1/24 --exception tap
check "a tap is there with its port" net_until 20 tap_is_up srv
goes_on "a tap" 10.98.0.1 --port "memif:$NET_DIR/memif" --ip 10.98.0.11/24 --exception tap
# Of the 60 answers: counters are copied some times a second, and TCP may put several into a frame.
check "a tap: its frames are counted" test "$TO_KERNEL" -ge 20 -a "$FROM_KERNEL" -ge 20
echo "exception = tap" >"$NET_DIR/tap.conf"
URL_OF=wds://10.98.0.1/images/disk.img
WDSCAST_CONF=$NET_DIR/tap.conf get r1 --port "memif:$NET_DIR/memif" --ip 10.98.0.11/24
crosses "a tap that the configuration's file asks for" r1
stop_server "a tap"
check "the taps are gone with their ports" eval '! tap_is_up srv && ! tap_is_up r1'
net_stop TERM "$ECHOING" 5
lab_end
