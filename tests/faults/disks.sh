#!/bin/bash
# A receiver's disk that fills up, and one that is slow. Arguments: SOURCE BUILD
. "$(dirname "$0")/faults.sh"
SIZE=$((24 << 20))

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
	ended r1 60
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

faults_begin $SIZE r1 r2
net_tmpfs disk-full 40M
lab_slow_wire 100mbit
serve
full_disk
slow_disk
serverless "disks"
faults_end
