#!/bin/bash
# A file crosses the wire: to two receivers at once, and to one that joins in the middle.
. "$(dirname "$0")/lab.sh"
SIZE=$((96 << 20))

lab_begin $SIZE r1 r2 r3 stranger
lab_slow_wire 400mbit
serve
drivers_of() {
	grep -oE 'librte_(net|crypto|baseband|raw|event|dma)_[a-z0-9_]+' "/proc/$1/maps" | sort -u
}
net_until 20 grep -q af_packet "/proc/$SERVER/maps"
check_equal "EAL starts with the driver of the port alone" librte_net_af_packet "$(drivers_of "$SERVER")"
get r1
get r2 --sha256 "$DIGEST"
net_until 20 has_bytes r1 $((SIZE / 4))
get r3
for r in r1 r2 r3; do
	ended $r 60
	check_equal "$r ends with 0" 0 "$STATUS"
	check_equal "$r has the file" "$DIGEST" "$(digest "$NET_DIR/$r/disk.img")"
	check_equal "$r has it alone, under its final name" 1 "$(files_of $r)"
done
net_run srv tc qdisc del dev eth0 root

get stranger --sha256 "$(printf '%064d' 7)"
ended stranger 60
check_equal "a file with another digest than asked for is a failure" 1 "$STATUS"
check "... and says so" error_says stranger "sha-?256|digest"
check_equal "... and is not there" 0 "$(files_of stranger)"

get r1 -o -
ended r1 60
check_equal "to standard output it ends with 0" 0 "$STATUS"
check_equal "... and all that was written there is the file" "$DIGEST" "$(digest "$NET_DIR/r1.log")"

check "the server told of those that finished" server_says "10\.99\.0\.13.*(finish|complete)|(finish|complete).*10\.99\.0\.13"
net_stop TERM "$SERVER" 5
check_equal "the server stops cleanly on SIGTERM" 0 "$STATUS"
lab_end
