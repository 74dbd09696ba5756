#!/bin/bash
# A receiver's disk that fills up, one that is slow, and a server's that is slow or hangs. Arguments: SOURCE BUILD
. "$(dirname "$0")/faults.sh"
SIZE=$((24 << 20))

SOON=10 # seconds, within which a fault is named
SLOW_DISK=$BUILD/tests/support/libslow_disk.so

disk_is_empty() {
	[ -z "$(find "$NET_DIR/disk-full" -type f ! -name hog)" ]
}

# Somebody else takes the room that there was when the transfer began.
full_disk() {
	local what="a disk that fills up"

	get r1 -o "$NET_DIR/disk-full/disk.img"
	get r2
	net_until 20 has_bytes r1 1
	head -c 64M /dev/zero >"$NET_DIR/disk-full/hog" 2>/dev/null
	ended r1 $SOON
	check_equal "$what: exit code" 1 "$STATUS"
	check_equal "$what: one line" 1 "$(error_lines r1)"
	check "$what: it says why" error_says r1 "no space"
	check "$what: nothing of it stays" disk_is_empty
	has_image r2 "$what" 60
	rm "$NET_DIR/disk-full/hog"
	spotless "$what"
	get r1 -o "$NET_DIR/disk-full/disk.img"
	ended r1 60
	check_equal "$what: with room again it ends with 0" 0 "$STATUS"
	check_equal "$what: with room again the file is right" "$DIGEST" "$(digest "$NET_DIR/disk-full/disk.img")"
	rm "$NET_DIR/disk-full/disk.img"
}

# What is on the disk stays there, and with room again it is gone on with.
full_disk_and_resume() {
	local what="a disk that fills up, with --resume"

	get r1 -o "$NET_DIR/disk-full/disk.img" --resume
	net_until 20 has_bytes r1 2000000
	head -c 64M /dev/zero >"$NET_DIR/disk-full/hog" 2>/dev/null
	ended r1 $SOON
	check_equal "$what: exit code" 1 "$STATUS"
	check_equal "$what: one line" 1 "$(error_lines r1)"
	check "$what: it says why" error_says r1 "no space"
	check "$what: there is nothing of the final name" test ! -e "$NET_DIR/disk-full/disk.img"
	rm "$NET_DIR/disk-full/hog"
	get r1 -o "$NET_DIR/disk-full/disk.img" --resume
	ended r1 60
	check_equal "$what: with room again it ends with 0" 0 "$STATUS"
	check_equal "$what: with room again the file is right" "$DIGEST" "$(digest "$NET_DIR/disk-full/disk.img")"
	check "$what: $(member r1 resumed_bytes) bytes were there" test "$(member r1 resumed_bytes)" -gt 0
	rm "$NET_DIR/disk-full/disk.img"
	check "$what: nothing else of it stays" disk_is_empty
	spotless "$what"
}

# A pipe wants its bytes in order: those that came too early for a late receiver wait in a small TMPDIR.
full_spool() {
	local what="a TMPDIR that fills up"

	lab_slow_wire 40mbit
	get r1
	net_until 20 has_bytes r1 $((SIZE / 8))
	TMPDIR=$NET_DIR/disk-spool net_start r2 "$NET_DIR/disk-out" "$WDSGET" "$URL" --port af_packet:eth0 --json -o -
	PID[r2]=$STARTED
	ended r2 $((SOON + 10))
	cp "$NET_DIR/disk-out.err" "$NET_DIR/r2.log.err"
	check_equal "$what: exit code" 1 "$STATUS"
	check "$what: it says why" error_says r2 "cannot keep what came too early: no space"
	has_image r1 "$what" 60
	lab_slow_wire 100mbit
	rm -f "$NET_DIR"/disk-out*
	spotless "$what"
}

client_says() {
	cat "$NET_DIR/$1.log" "$NET_DIR/$1.log.err" | grep '"event":"waiting"' | grep -qE -- "$2"
}

# Somebody pauses the pipe for longer than any limit of r1: that is no fault, and has none.
paused_pipe() {
	local what="a pipe that is paused" pipe=$NET_DIR/disk-pipe holder reader

	mkfifo "$pipe"
	sleep 60 <>"$pipe" & # has it open, and reads nothing
	holder=$!
	NET_PIDS+=("$holder")
	ip netns exec "$NET-r1" "$WDSGET" "$URL" --port af_packet:eth0 --json --cache 4M --timeout 3 --stall-timeout 5 -o - \
		>"$pipe" 2>"$NET_DIR/r1.log.err" </dev/null &
	PID[r1]=$!
	NET_PIDS+=("${PID[r1]}")
	: >"$NET_DIR/r1.log"
	get r2
	check "$what: its receiver names it" net_until $SOON client_says r1 "what was received waits for the disk, or for the program"
	sleep 5
	check "$what: it has no limit" kill -0 "${PID[r1]}"
	sha256sum <"$pipe" >"$NET_DIR/disk-digest" &
	reader=$!
	NET_PIDS+=("$reader")
	net_until 5 eval '[[ $(readlink /proc/$reader/exe) == */sha256sum ]]' # then it has the pipe open
	net_stop TERM "$holder"
	ended r1 60
	check_equal "$what: exit code" 0 "$STATUS"
	net_wait "$reader" 10
	check_equal "$what: every byte is right" "$DIGEST" "$(cut -d' ' -f1 "$NET_DIR/disk-digest")"
	has_image r2 "$what" 60
	rm "$pipe"
	spotless "$what"
}

# A sink that takes 5 MiB a second at most, behind a cache that holds a fraction of the image.
slow_disk() {
	local what="a slow disk" pipe=$NET_DIR/disk-pipe writer

	mkfifo "$pipe"
	ip netns exec "$NET-r1" "$WDSGET" "$URL" --port af_packet:eth0 --json --stats --cache 4M -o - \
		>"$pipe" 2>"$NET_DIR/r1.log.err" </dev/null &
	writer=$!
	NET_PIDS+=("$writer")
	(exec <"$pipe"; while head -c 262144 >"$NET_DIR/disk-piece" && [ -s "$NET_DIR/disk-piece" ]; do
		cat "$NET_DIR/disk-piece"
		sleep 0.05
	done) | sha256sum | cut -d' ' -f1 >"$NET_DIR/disk-digest"
	net_wait "$writer" 20
	check_equal "$what: exit code" 0 "$STATUS"
	check_equal "$what: every byte is right" "$DIGEST" "$(cat "$NET_DIR/disk-digest")"
	check "$what: the server went no faster than it" \
		test "$(grep -o '"seconds":[0-9]*' "$NET_DIR/r1.log.err" | tail -1 | cut -d: -f2)" -ge 3
	rm "$pipe"
	spotless "$what"
	still_serves "$what" r2
}

slow_serve() {
	export LD_PRELOAD=$SLOW_DISK SLOW_DISK_WHILE=$NET_DIR/disk-hangs SLOW_DISK_MS=$1
	serve --cache 256K # so that it is read all the time
	unset LD_PRELOAD SLOW_DISK_WHILE SLOW_DISK_MS
}

hang() {
	for name in r1 r2; do
		get $name "$@"
	done
	for name in r1 r2; do
		net_until 20 has_bytes $name 1
	done
	touch "$NET_DIR/disk-hangs"
}

# The disk of the server, which knows it, and of which its receivers know nothing.
servers_disk() {
	local what="a server's slow disk" name

	slow_serve 50 # some 5 MiB a second
	get r1
	has_image r1 "$what" 60
	check "$what: that is no reason to complain" eval '! server_says disk_hangs'
	what="a server's disk that hangs"
	hang --timeout 3 --stall-timeout 12
	check "$what: the server names it" net_until $SOON server_says \
		"disk_hangs images/disk\.img: .*takes longer than 5 s"
	for name in r1 r2; do
		check "$what: $name names it" client_says $name "10\.99\.0\.1 is there, but sends no data: .*disk"
	done
	rm "$NET_DIR/disk-hangs"
	has_image r1 "$what, and then goes on" 60
	has_image r2 "$what, and then goes on" 60
	hang --timeout 3 --stall-timeout 6
	for name in r1 r2; do
		has_failed $name "$what for long" 20 "gave up after 6 s: 10\.99\.0\.1 is there, but sends no data: "
	done
	get r1
	sleep 0.5
	net_stop TERM "$SERVER" $SOON
	check_equal "$what: the server ends all the same, with 0" 0 "$STATUS"
	check "$what: ... and says why not as always" server_says "the disk does not answer"
	rm "$NET_DIR/disk-hangs"
	ended r1 40
	check_equal "$what: the receiver hears of it" 1 "$STATUS"
	spotless "$what"
}

faults_begin $SIZE r1 r2
net_tmpfs disk-full 40M
net_tmpfs disk-spool 1M
lab_slow_wire 100mbit
serve
full_disk
full_disk_and_resume
full_spool
paused_pipe
slow_disk
serverless "disks"
servers_disk
faults_end
