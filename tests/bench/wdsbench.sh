#!/bin/bash
# wdsbench end to end: a stream over each kind of port, a server's own stream, captures. Nothing is timed.
. "$1/tests/app/lab.sh"
WDSBENCH=$BUILD/app/wdsbench

# counting NAME SPEC [options]: wdsbench rx in the background, until its packets are there or it is stopped.
counting() {
	local name=$1 spec=$2

	shift 2
	rm -f "$NET_DIR/$name.log" # of the one before, which has a start too
	net_start "$name" "$NET_DIR/$name.log" "$WDSBENCH" rx "$spec" --json "$@"
	PID[$name]=$STARTED
	CASES_LOGS=("$NET_DIR/$name.log" "$NET_DIR/$name.log.err")
	net_until 20 grep -q '"start"' "$NET_DIR/$name.log"
}

# send NAME COMMAND ARGUMENTS...: in the foreground, its output in log NAME-tx.
send() {
	local name=$1

	shift
	net_run "$name" "$WDSBENCH" "$@" --json >"$NET_DIR/$name-tx.log" 2>"$NET_DIR/$name-tx.log.err"
}

has_packets() {
	[ "$(member "$1" packets)" -ge "$2" ] 2>/dev/null
}

lab_begin $((8 << 20)) r1 r2

for port in kernel af_packet; do
	counting r1 "$port:eth0" --packets 2000 --seconds 60
	check "$port: a paced stream is sent" send srv tx "$port:eth0" --packets 2000 --rate 20M --size 1000
	ended r1 60
	check_equal "$port: the receiver ends by itself" 0 "$STATUS"
	check_equal "$port: all packets came" 2000 "$(member r1 packets)"
	check_equal "$port: none was lost" 0 "$(member r1 lost)"
	check_equal "$port: they verify" true "$(member r1 verified)"
	check "$port: latency is told" grep -q '"p99":' "$NET_DIR/r1.log"
	check "$port: what limits is told" grep -qE '"limit":"(wire|ring|core|memory)"' "$NET_DIR/r1.log"
	check_equal "$port: the sender counts as many" 2000 "$(member srv-tx packets)"
done

counting r1 af_packet:eth0 --packets 300 --seconds 60
check "blocks in fragments are sent" send srv tx af_packet:eth0 --packets 300 --rate 20M --size 8785
ended r1 60
check_equal "fragments: each block is whole" 300 "$(member r1 packets)"
check_equal "fragments: they verify" true "$(member r1 verified)"

# A server's stream, whose group it tells, beside a receiver of it.
serve --json
counting r1 af_packet:eth0 --group 239.1.1.1
net_stop INT "${PID[r1]}"
check_equal "a group in which nothing happens: exit code 1" 1 "$STATUS"
check_equal "... and that is said" nothing "$(member r1 limit)"
net_stop TERM "$SERVER"

# ... and while a client takes a file: all of it passes by.
serve --json --group 239.192.7.7 --session-ports 64001-64001
counting r1 af_packet:eth0 --group 239.192.7.7:64001
get r2
ended r2 60
check_equal "a server's client is not disturbed" 0 "$STATUS"
net_stop INT "${PID[r1]}"
check_equal "a server's stream: exit code 0" 0 "$STATUS"
check "a server's stream: all its packets are counted" has_packets r1 $(((8 << 20) / 1450))
check_equal "a server's stream verifies" true "$(member r1 verified)"
net_stop TERM "$SERVER"

# Shared memory.
net_start_here "$NET_DIR/m.log" "$WDSBENCH" rx "memif:$NET_DIR/m.sock,server" --packets 100000 --seconds 15 --json
PID[m]=$STARTED
CASES_LOGS=("$NET_DIR/m.log" "$NET_DIR/m.log.err" "$NET_DIR/m-tx.log")
net_until 20 grep -q '"start"' "$NET_DIR/m.log"
"$WDSBENCH" tx "memif:$NET_DIR/m.sock" --packets 100000 --json >"$NET_DIR/m-tx.log" 2>"$NET_DIR/m-tx.log.err"
ended m 60
check_equal "memif: the receiver ends by itself" 0 "$STATUS"
check "memif: packets came" has_packets m 1
check_equal "memif: they verify" true "$(member m verified)"

# Captures.
python3 "$SOURCE/tests/bench/make_capture.py" "$NET_DIR/good.pcap" 50 0
python3 "$SOURCE/tests/bench/make_capture.py" "$NET_DIR/bad.pcap" 7 3
"$WDSBENCH" replay "$NET_DIR/good.pcap" --loops 4 --json >"$NET_DIR/replay.log"
check_equal "replay: exit code 0" 0 $?
check_equal "replay: each frame as often as asked" 200 "$(member replay packets)"
"$WDSBENCH" replay "$NET_DIR/bad.pcap" --json >"$NET_DIR/replay.log"
check_equal "replay: a wrong checksum is exit code 1" 1 $?
check_equal "replay: ... and counted" 3 "$(member replay unverified)"
"$WDSBENCH" replay "$NET_DIR/bad.pcap" --no-verify >"$NET_DIR/replay.log"
check_equal "replay: not verified when not asked to" 0 $?
check "replay: the text has all of it" grep -q "in all 10 packets" "$NET_DIR/replay.log"
counting r1 af_packet:eth0 --packets 50 --seconds 60
check "replay: a capture is sent to a port" send srv replay "$NET_DIR/good.pcap" --to af_packet:eth0 --rate 1M
ended r1 60
check_equal "replay: its frames arrive" 50 "$(member r1 packets)"

"$WDSBENCH" replay "$NET_DIR/none.pcap" >/dev/null 2>"$NET_DIR/replay.err"
check_equal "a capture that is not there: exit code 3" 3 $?
check_equal "... and one line" 1 "$(grep -c . "$NET_DIR/replay.err")"
for bad in "" "rx" "rx kernel --rate 5X" "tx kernel --size 3" "rx kernel --group 10.0.0.1" "rx a b"; do
	"$WDSBENCH" $bad >/dev/null 2>&1
	check_equal "usage: '$bad' is refused" 2 $?
done
lab_end
