#!/bin/bash
# Floods from addresses that are made up, 100,000 packets a second: transfers go on, somebody can join, memory stays
# level, and no more comes back than was sent. Arguments: SOURCE BUILD [SECONDS, default 4]
. "$(dirname "$0")/lab.sh"
FLOOD=$BUILD/tests/support/flood
SIZE=$((64 << 20)) RATE=100000 SECONDS_LONG=${3:-4}
CREDIT=$((2 * 32768 + SECONDS_LONG * 65536)) # what is answered beyond what was asked, and multicast while snooping begins

# flood KIND: in the background, at the session that is open; sets FLOODING.
flood() {
	local session port mac

	session=$(printf %x "$(grep -oE '"session": *[0-9]+' "$SERVER_LOG" | grep -oE '[0-9]+' | head -1)")
	port=$(grep '"opened"' "$SERVER_LOG" | grep -oE '"udp_port": *[0-9]+' | grep -oE '[0-9]+$' | head -1)
	mac=$(net_run srv cat /sys/class/net/eth0/address)
	net_start enemy "$NET_DIR/flood.log" nice -n -15 "$FLOOD" eth0 $SERVER_IP "$mac" "$1" "$session" "$port" $RATE "$SECONDS_LONG"
	FLOODING=$STARTED
}

sent() {
	grep -oE "\"$1\":[0-9]+" "$NET_DIR/flood.log" | cut -d: -f2
}

resident_kb() {
	awk '/^VmRSS/ { print $2 }' "/proc/$(pgrep -P "$SERVER" -x wdscast || echo "$SERVER")/status"
}

# Bytes of frames to and from the enemy, at the switch.
counter() {
	net_run sw cat "/sys/class/net/enemy/statistics/$1_bytes"
}

has_file() {
	ended "$2" 120
	check_equal "$1: $2 ends with 0" 0 "$STATUS"
	check_equal "$1: $2 has the file" "$DIGEST" "$(digest "$NET_DIR/$2/disk.img")"
	rm -rf "${NET_DIR:?}/$2"
}

# A transfer goes on, and another begins, while everything comes at once.
under_fire() {
	local before

	serve --json --linger $((60 + 4 * SECONDS_LONG))
	get r1 # so that what the server reads ahead into has been touched before
	net_until 20 has_bytes r1 1000000
	get r2
	has_file "$PORT in peace" r1
	has_file "$PORT in peace" r2
	get r1
	net_until 20 has_bytes r1 1000000
	before=$(resident_kb)
	flood mix
	get r2
	net_await "$FLOODING" $((SECONDS_LONG + 20))
	echo "     $PORT: memory $before KB, $(resident_kb) KB under fire"
	check "$PORT: the server's memory stays level" test "$(resident_kb)" -le $((before + 8192))
	has_file "$PORT under fire" r1
	has_file "$PORT under fire" r2
	check "$PORT: ... and it was a flood" test "$(sent packets)" -ge $((SECONDS_LONG * 10000))
	echo "     $PORT: $(($(sent packets) / SECONDS_LONG)) packets a second"
}

# amplifies_not KIND: what the server says to those addresses, which all lie behind the enemy.
amplifies_not() {
	local to from

	to=$(counter tx) from=$(counter rx)
	flood "$1"
	net_await "$FLOODING" $((SECONDS_LONG + 20))
	sleep 1
	to=$(($(counter tx) - to)) from=$(($(counter rx) - from))
	echo "     $PORT: $1: $from bytes of frames sent, $to come back"
	echo "     $PORT: $1: $(($(sent packets) / SECONDS_LONG)) packets a second"
	check "$PORT: a flood of $1 brings no more than it is" test "$to" -le $((from + CREDIT))
}

lab_begin $SIZE r1 r2 enemy
net_run sw tc qdisc replace dev r1 root tbf rate 200mbit burst 64k limit 700k
net_run srv ip route add default via "$(net_run enemy ip -4 -o addr show dev eth0 | awk '{ sub("/.*", "", $4); print $4 }')"
for PORT in kernel af_packet; do
	under_fire
	amplifies_not join
	amplifies_not request
	net_stop TERM "$SERVER" 10
	check_equal "$PORT: the server ends with 0" 0 "$STATUS"
done
lab_end
