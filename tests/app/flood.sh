#!/bin/bash
# Floods of each kind, and of all at once, from addresses that are made up: a transfer goes on, somebody can join, memory
# stays level, and no more comes back than was sent. Arguments: SOURCE BUILD [SECONDS of each: the long form, in which
# each must reach 100,000 packets a second, so it needs a machine to itself]
. "$(dirname "$0")/lab.sh"
FLOOD=$BUILD/tests/support/flood
SIZE=$((96 << 20))
SECONDS_LONG=${3:-2}
if [ -n "${3:-}" ]; then # packets a second: what is tried, and what must be reached; parts in each of which r1 goes on
	RATE=110000 DEMANDED=100000 PARTS=2
else
	RATE=60000 DEMANDED=10000 PARTS=1
fi
WIRE_MBIT=$((SIZE * 8 / 1000000 / (8 * SECONDS_LONG + 20))) # of r1, so that its transfer lasts longer than the floods
CACHE_KB=16384 GROWTH_KB=8192
SESSION_KB=2048 # of an object of 100 KB
ALL_SOURCES=131072
NAMES=100 # that flood.c asks for: more than there can be sessions

# Bytes of frames that may come back beyond those that were sent: twice (for the headers) what doc/security.md, "Limits",
# grants to all addresses together, or to one.
CREDIT=$((2 * (65536 + SECONDS_LONG * 16384)))
CREDIT_SOURCE=$((2 * (4096 + SECONDS_LONG * 256)))

# The ClientIds of those that the server told of.
joined() {
	grep '"joined"' "$SERVER_LOG" | grep -oE '"client_id": *[0-9]+' | grep -oE '[0-9]+$'
}

# flood KIND [SOURCES]: in the background, at the session that is open; sets FLOODING.
flood() {
	local session port mac

	session=$(printf %x "$(grep -oE '"session": *[0-9]+' "$SERVER_LOG" | grep -oE '[0-9]+' | head -1)")
	port=$(grep '"opened"' "$SERVER_LOG" | grep -oE '"udp_port": *[0-9]+' | grep -oE '[0-9]+$' | head -1)
	mac=$(net_run srv cat /sys/class/net/eth0/address)
	net_start enemy "$NET_DIR/flood.log" nice -n -5 "$FLOOD" eth0 $SERVER_IP "$mac" "$1" "$session" "$port" $RATE \
		"$SECONDS_LONG" "${2:-$ALL_SOURCES}" $(joined)
	FLOODING=$STARTED
}

# Its end: it was a flood.
flooded() {
	local packets

	net_wait "$FLOODING" $((SECONDS_LONG + 20))
	check_equal "$1: the flood ends with 0" 0 "$STATUS"
	packets=$(grep -oE '"packets":[0-9]+' "$NET_DIR/flood.log" | cut -d: -f2)
	echo "     $1: $((${packets:-0} / SECONDS_LONG)) packets a second"
	check "$1: it is one of $DEMANDED packets a second" test "${packets:-0}" -ge $((SECONDS_LONG * DEMANDED))
}

# The most that the server's memory ever was.
most_kb() {
	awk '/^VmHWM/ { print $2 }' "/proc/$(pgrep -P "$SERVER" -x wdscast || echo "$SERVER")/status"
}

# Bytes of frames to and from the enemy, at the switch.
counter() {
	net_run sw cat "/sys/class/net/enemy/statistics/$1_bytes"
}

bytes_of() {
	local bytes

	bytes=$(member "$1" bytes)
	echo "${bytes:-0}"
}

wire_of_r1() {
	net_run sw tc qdisc replace dev r1 root tbf rate "$1" burst 64k limit 700k
}

# has_object WHAT OBJECT NAME: NAME has got it.
has_object() {
	ended "$3" 120
	check_equal "$1: $3 ends with 0" 0 "$STATUS"
	check "$1: $3 has the file" cmp -s "$ROOT/images/$2" "$NET_DIR/$3/disk.img"
	rm -rf "${NET_DIR:?}/$3"
}

# r1_goes_on WHAT SINCE: from a number of bytes on, within each part of the flood.
r1_goes_on() {
	local part at since=$2

	for ((part = 1; part <= PARTS; part++)); do
		sleep "$(awk "BEGIN { print $SECONDS_LONG / $PARTS }")"
		at=$(bytes_of r1)
		check "$1: r1 goes on, part $part of $PARTS: $since to $at bytes" test "$at" -gt "$since"
		since=$at
	done
}

# under_fire KIND [SOURCES]: r1's transfer goes on, and what the server says to those addresses, which all lie behind
# the enemy, is bounded.
under_fire() {
	local what="$PORT, $1${2:+ from one address}" credit=$CREDIT begun to from

	[ -z "${2:-}" ] || credit=$CREDIT_SOURCE
	to=$(counter tx) from=$(counter rx) begun=$(bytes_of r1)
	flood "$@"
	[ "$what" != "$PORT, mix" ] || get r2
	r1_goes_on "$what" "$begun"
	echo "     $what: r1 gets $((($(bytes_of r1) - begun) / SECONDS_LONG / 1000)) KB a second, $PEACE in peace"
	flooded "$what"
	[ "$what" != "$PORT, mix" ] || check "$what: another joins" net_until 10 has_bytes r2 1000000
	sleep 1
	to=$(($(counter tx) - to)) from=$(($(counter rx) - from))
	echo "     $what: $from bytes of frames sent, $to come back"
	check "$what: it brings no more than it is" test "$to" -le $((from + credit))
}

# Bytes a second, in KB, before there is any flood.
measure_peace() {
	local begun

	begun=$(bytes_of r1)
	sleep 2
	PEACE=$((($(bytes_of r1) - begun) / 2000))
}

transfers() {
	local before kind

	wire_of_r1 "${WIRE_MBIT}mbit"
	get r1
	net_until 20 has_bytes r1 1000000
	measure_peace
	before=$(most_kb)
	for kind in join qcr nack request mix; do
		under_fire $kind
	done
	under_fire mix 1
	wire_of_r1 1gbit
	has_object "$PORT after all floods" disk.img r1
	has_object "$PORT after all floods" disk.img r2
	echo "     $PORT: memory was $before KB before, and $(most_kb) KB at most"
	check "$PORT: the server's memory stays level" test "$(most_kb)" -le $((before + CACHE_KB + GROWTH_KB))
}

renice -n -10 $$ >/dev/null # what else the machine does is no part of it
# Requests for all there is, by addresses that join nothing, open sessions until there is no place: who asks for yet another
# object gets it all the same.
gets_a_session() {
	local before SECONDS_LONG=$((SECONDS_LONG + 4)) # so that it asks while there is no place

	serve --json --cache "${CACHE_KB}K"
	URL_OF=wds://$SERVER_IP/images/late get r1
	has_object "$PORT in peace" late r1
	before=$(most_kb)
	flood names
	net_until 10 opened_many || echo "     $PORT, names: only $(grep -c '"opened"' "$SERVER_LOG") sessions"
	URL_OF=wds://$SERVER_IP/images/later get r2
	flooded "$PORT, names"
	has_object "$PORT, names" later r2
	check "$PORT, names: all places were taken" opened_many
	echo "     $PORT, names: memory was $before KB before, and $(most_kb) KB at most"
	check "$PORT, names: a session of a small object costs little" test "$(most_kb)" -le $((before + 64 * SESSION_KB))
}

opened_many() {
	[ "$(grep -c '"opened"' "$SERVER_LOG")" -ge 64 ]
}

# A host has so many places in a session, and others have theirs.
limits_an_address() {
	local second receiver

	serve --json --clients-per-address 1
	wire_of_r1 2mbit # so that it stays
	get r1
	net_until 20 server_says '"joined"'
	net_start r1 "$NET_DIR/second.log" timeout 20 "$WDSGET" "$URL" --port kernel:eth0 -o "$NET_DIR/second.img"
	second=$STARTED
	check "a second client of an address that may have one finds no place" net_until 20 server_says '"full".*"10\.99\.0\.11"'
	get r2
	check "another address has its own" net_until 20 server_says '"joined".*"10\.99\.0\.12"'
	check_equal "nobody else is in" 2 "$(joined | wc -l)"
	for receiver in "$second" "${PID[r1]}" "${PID[r2]}"; do
		net_stop TERM "$receiver" 10
	done
}

lab_begin $SIZE r1 r2 enemy
for ((i = 0; i < NAMES; i++)); do
	head -c 100000 "$ROOT/images/disk.img" >"$ROOT/images/f$i"
done
cp "$ROOT/images/f0" "$ROOT/images/late"
cp "$ROOT/images/f0" "$ROOT/images/later"
net_run srv ip route add default via "$(net_run enemy ip -4 -o addr show dev eth0 | awk '{ sub("/.*", "", $4); print $4 }')"
for PORT in kernel af_packet; do
	serve --json --linger 60 --cache "${CACHE_KB}K"
	transfers
	stop_server "$PORT"
	gets_a_session
	stop_server "$PORT, names"
done
PORT=kernel
limits_an_address
stop_server "full"
lab_end
