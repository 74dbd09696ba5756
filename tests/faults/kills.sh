#!/bin/bash
# kill -9 of a receiver and of the server at random moments, again and again, on each kind of port; the first rounds
# in huge pages. Arguments: SOURCE BUILD
. "$(dirname "$0")/faults.sh"
SIZE=$((24 << 20))
SEED=${WDSCAST_SEED:-$((($$ * 7919) % 32768))}
RANDOM=$SEED
echo "WDSCAST_SEED=$SEED"
WAYS=(af_packet kernel)
[ ! -e "$BUILD/drivers-config/wdscast_xdp.bpf.o" ] || WAYS+=(af_xdp)
ROUNDS=$(short_or_long 3 50)      # a kill of each in each
HUGE_ROUNDS=$(short_or_long 1 6)  # of them
PAGES_WANTED=200
SMALL=(--cache 8M)                # so that the pages are enough for all
SERVES=                           # the port of the server that runs

# Somewhere from before the first packet to after the last: the wire takes a second.
nap_at_random() {
	sleep "$(printf '%d.%03d' $((RANDOM % 2)) $((RANDOM % 700)))"
}

# serve_on PORT: a server there, if it is not there already.
serve_on() {
	[ "$SERVES" != "$1" ] || return 0
	[ -z "$SERVES" ] || stop_server "between the rounds"
	PORT=$1 serve "${SMALL[@]}"
	SERVES=$1
	net_until 20 server_says serving
}

stop_serving() {
	serverless "$1"
	SERVES=
}

# XDP programs on the interfaces of the hosts named.
programs() {
	local name

	for name in "$@"; do
		ip -n "$NET-$name" link show eth0 | grep -o 'prog/xdp.*'
	done
}

no_program() {
	[ -z "$(programs "$@")" ]
}

# With pages of its own to lose: has_huge_pages WHAT PID
has_huge_pages() {
	[ "$HUGE" = 0 ] || check "$1: there are huge pages to be lost" grep -qE '^HugetlbPages:[^0-9]*[1-9]' "/proc/$2/status"
}

# The other receiver is not kept from its file, and the killed one's next run gets it and tidies up. A server on
# af_xdp would know no slow wire.
kill_receiver() {
	local what="round $1, receiver on $PORT killed"

	serve_on "$([ "$PORT" = af_xdp ] && echo af_packet || echo "$PORT")"
	get r1 --timeout 60 "${SMALL[@]}"
	get r2 "${SMALL[@]}"
	nap_at_random
	net_stop KILL "${PID[r2]}"
	check "$what: no XDP program is left" net_until 5 no_program r2
	has_image r1 "$what" 90
	rm -f "$NET_DIR/r2/disk.img" # it may have been done already
	get r2 "${SMALL[@]}"
	has_image r2 "$what, and then a transfer as always" 60
	spotless "$what"
}

kill_server() {
	local what="round $1, server on $PORT killed" name

	serve_on "$PORT"
	has_huge_pages "$what" "$SERVER"
	get r1 --timeout 4 "${SMALL[@]}"
	get r2 --timeout 4 "${SMALL[@]}"
	nap_at_random
	net_stop KILL "$SERVER"
	SERVES=
	check "$what: no XDP program is left" net_until 5 no_program srv
	for name in r1 r2; do
		ended $name 60
		if [ "$STATUS" = 0 ]; then # it was done already
			check_equal "$what: what $name has" "$DIGEST" "$(digest "$NET_DIR/$name/disk.img")"
			rm -f "$NET_DIR/$name/disk.img"
		else
			check_equal "$what: exit code of $name" 1 "$STATUS"
			check_equal "$what: one line from $name" 1 "$(grep -vc 'huge pages' "$NET_DIR/$name.log.err")"
			check "$what: $name says how long it has waited for whom" error_says $name "gave up after 4 s: .*$SERVER_IP"
			check "$what: $name keeps nothing of that name" test ! -e "$NET_DIR/$name/disk.img"
		fi
	done
	spotless "$what"
	serve_on "$PORT"
	get r1 "${SMALL[@]}"
	has_image r1 "$what, and then a transfer as always" 60
}

# kill_on PORT ROUND
kill_on() {
	PORT=$1 kill_receiver "$2"
	PORT=$1 kill_server "$2"
}

# Shared memory: what a dead server leaves is its socket, which the next one takes over.
memif_begin() {
	net_start_here "$NET_DIR/server.log" "$WDSCAST" --root "$ROOT" --port "memif:$NET_DIR/m.sock,server" \
		--ip 10.98.0.1/24 "${SMALL[@]}"
	SERVER=$STARTED SERVER_LOG=$NET_DIR/server.log
	net_until 20 server_says serving
}

# memif_get OBJECT [options]
memif_get() {
	local object=$1

	shift
	mkdir -p "$NET_DIR/r1"
	net_start_here "$NET_DIR/r1.log" "$WDSGET" "wds://10.98.0.1/images/$object" --port "memif:$NET_DIR/m.sock" \
		--ip 10.98.0.2/24 --json -o "$NET_DIR/r1/$object" "${SMALL[@]}" "$@"
	PID[r1]=$STARTED
}

# Of a file that takes a second or two even here, when some of it has come.
memif_in_the_middle() {
	memif_get hole.img --timeout 4
	check "$1: the transfer has begun" net_until 20 has_bytes r1 1
	sleep "0.$((RANDOM % 3))"
	check "$1: it goes on" kill -0 "${PID[r1]}"
}

memif_has_image() {
	memif_get disk.img
	has_image r1 "$1, and then a transfer as always" 60
}

memif_kills() {
	local what="round $1, receiver on memif killed"

	memif_begin
	memif_in_the_middle "$what"
	net_stop KILL "${PID[r1]}"
	rm -f "$NET_DIR"/r1/.hole.img.* # what only its own next run would take away
	memif_has_image "$what"
	what="round $1, server on memif killed"
	memif_in_the_middle "$what"
	net_stop KILL "$SERVER"
	has_failed r1 "$what" 30 "gave up after 4 s|server"
	memif_begin
	memif_has_image "$what"
	serverless "round $1, kills on memif"
}

faults_begin $SIZE r1 r2
truncate -s 6G "$ROOT/images/hole.img"
pages_begin
lab_slow_wire 200mbit
HUGE=0
if pages_more $PAGES_WANTED; then
	HUGE=1
else
	echo "no huge pages can be had here: nothing can be lost of them"
fi
for ((round = 1; round <= ROUNDS; round++)); do
	kill_on "${WAYS[$(((round - 1) % ${#WAYS[@]}))]}" $round
	[ $round != "$HUGE_ROUNDS" ] || { stop_serving "kills in huge pages"; pages_end; HUGE=0; }
done
stop_serving "kills"
for ((round = 1; round <= $(short_or_long 1 10); round++)); do
	memif_kills $round
done
faults_end
