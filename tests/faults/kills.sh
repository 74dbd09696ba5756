#!/bin/bash
# kill -9 of a receiver or of the server at a random moment, again and again. Arguments: SOURCE BUILD
. "$(dirname "$0")/faults.sh"
SIZE=$((24 << 20))
SEED=${WDSCAST_SEED:-$((($$ * 7919) % 32768))}
RANDOM=$SEED
echo "WDSCAST_SEED=$SEED"

# Somewhere from before the first packet to after the last: the wire takes a second.
nap_at_random() {
	sleep "$(printf '%d.%03d' $((RANDOM % 2)) $((RANDOM % 700)))"
}

# The other receiver is not kept from its file, and the killed one's next run gets it and tidies up.
kill_receiver() {
	local what="round $1, receiver on $PORT killed"

	get r1 --timeout 60
	get r2
	nap_at_random
	net_stop KILL "${PID[r2]}"
	has_image r1 "$what" 90
	rm -f "$NET_DIR/r2/disk.img" # it may have been done already
	still_serves "$what" r2
	spotless "$what"
}

kill_server() {
	local what="round $1, server on $PORT killed" name

	get r1 --timeout 4
	get r2 --timeout 4
	nap_at_random
	net_stop KILL "$SERVER"
	for name in r1 r2; do
		ended $name 60
		if [ "$STATUS" = 0 ]; then # it was done already
			check_equal "$what: what $name has" "$DIGEST" "$(digest "$NET_DIR/$name/disk.img")"
			rm -f "$NET_DIR/$name/disk.img"
		else
			check_equal "$what: exit code of $name" 1 "$STATUS"
			check_equal "$what: one line from $name" 1 "$(error_lines $name)"
			check "$what: $name keeps nothing of that name" test ! -e "$NET_DIR/$name/disk.img"
		fi
	done
	spotless "$what"
	serve
	still_serves "$what" r1
}

# Shared memory: what a dead server leaves is its socket, which the next one takes over.
memif_begin() {
	net_start_here "$NET_DIR/server.log" "$WDSCAST" --root "$ROOT" --port "memif:$NET_DIR/m.sock,server" --ip 10.98.0.1/24
	SERVER=$STARTED SERVER_LOG=$NET_DIR/server.log
	net_until 20 server_says memif
}

memif_get() {
	mkdir -p "$NET_DIR/r1"
	net_start_here "$NET_DIR/r1.log" "$WDSGET" wds://10.98.0.1/images/disk.img --port "memif:$NET_DIR/m.sock" \
		--ip 10.98.0.2/24 --json -o "$NET_DIR/r1/disk.img"
	PID[r1]=$STARTED
}

memif_kills() {
	memif_begin
	memif_get
	nap_at_random
	net_stop KILL "${PID[r1]}"
	rm -f "$NET_DIR/r1/disk.img"
	memif_get
	has_image r1 "receiver on memif killed" 60
	net_stop KILL "$SERVER"
	memif_begin
	memif_get
	has_image r1 "server on memif killed" 60
	serverless "kills on memif"
}

faults_begin $SIZE r1 r2
lab_slow_wire 200mbit
PORT=af_packet serve
rounds=$(short_or_long 4 50)
for ((round = 1; round <= rounds; round++)); do
	[ $((round % 4)) -lt 2 ] && PORT=af_packet || PORT=kernel
	[ $((round % 2)) = 0 ] && kill_server $round || kill_receiver $round
done
serverless "kills"
memif_kills
faults_end
