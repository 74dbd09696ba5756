#!/bin/bash
# Several workers on the queues of one port share its sessions. Arguments: SOURCE BUILD
. "$(dirname "$0")/lab.sh"
SIZE=$((8 << 20))
OBJECTS="a.img b.img c.img d.img e.img"

# several WHAT PORT WORKERS: r1 receives all objects at once.
several() {
	local name digests

	rm -rf "$NET_DIR/got"
	mkdir "$NET_DIR/got"
	CASES_LOGS=("$SERVER_LOG" "$SERVER_LOG.err" "$NET_DIR/sessions.log" "$NET_DIR/sessions.log.err")
	net_start r1 "$NET_DIR/sessions.log" env WDSCAST_PORT="$2" WDSCAST_WORKERS="$3" \
		"$BUILD/tests/app/sessions" $SERVER_IP images "$NET_DIR/got" $OBJECTS
	net_wait "$STARTED" 60
	check_equal "$1: all end well" 0 "$STATUS"
	check_equal "$1: all files are right" "$DIGESTS" "$(digests "$NET_DIR/got")"
	[ "$3" != 1 ] || return 0
	for ((i = 1; i <= $3; i++)); do
		check "$1: worker $i has sessions" grep -q "worker $i of $3" "$NET_DIR/sessions.log"
	done
}

digests() {
	(cd "$1" && sha256sum $OBJECTS)
}

lab_begin $SIZE r1
for object in $OBJECTS; do
	SIZE=$((SIZE + 4321))
	net_real_file "$ROOT/images/$object" $SIZE
	echo "$object" | dd of="$ROOT/images/$object" conv=notrunc status=none
done
DIGESTS=$(digests "$ROOT/images")
PORT=af_packet
serve
several "one worker" af_packet:eth0 1
several "two workers" af_packet:eth0 2
check "two workers: some of what one reads is the other's" grep -qE "handed [1-9]" "$NET_DIR/sessions.log"
several "three workers" af_packet:eth0 3
check "ARP and control packets reach all, whoever reads them" grep -qE "datagrams [1-9]" "$NET_DIR/sessions.log"
net_stop TERM "$SERVER" 10
check_equal "the server ends with 0" 0 "$STATUS"

# In fragments a datagram is made whole by whoever reads it.
serve --block-size 8785
several "two workers, blocks in fragments" af_packet:eth0 2
net_stop TERM "$SERVER" 10

# Where nobody answers for the address they have in common there is one.
mkdir -p "$NET_DIR/got"
serve --port "memif:$NET_DIR/memif,server" --ip 10.98.0.1/24
net_until 20 test -S "$NET_DIR/memif"
net_start r1 "$NET_DIR/sessions.log" env WDSCAST_PORT="memif:$NET_DIR/memif" WDSCAST_IP=10.98.0.11/24 WDSCAST_WORKERS=2 \
	"$BUILD/tests/app/sessions" 10.98.0.1 images "$NET_DIR/got" $OBJECTS
net_wait "$STARTED" 60
check_equal "on a port of one queue there is one worker: all end well" 0 "$STATUS"
check "... and no team" eval '! grep -q "worker 1" "$NET_DIR/sessions.log"'
net_stop TERM "$SERVER" 10
lab_end
