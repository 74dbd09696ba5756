#!/bin/bash
# Ends that come too soon: a receiver killed, interrupted, or left by its server.
. "$(dirname "$0")/lab.sh"
SIZE=$((48 << 20))

lab_begin $SIZE r1 r2 r3 r4
lab_slow_wire 100mbit
# What is left of one that was killed while DPDK started goes with the next start.
mkdir -p "/run/dpdk/wdscast-$$"
serve
check "what a killed one left is gone" net_until 30 [ ! -e "/run/dpdk/wdscast-$$" ]

# One of three receivers is killed, one interrupted; the third is not kept from its file.
for r in r1 r2 r3; do
	get $r
done
for r in r1 r2 r3; do
	net_until 20 has_bytes $r 1
done
net_stop KILL "${PID[r2]}"
killed_at=$SECONDS
net_stop INT "${PID[r3]}" 5
check_equal "Ctrl-C ends wdsget with 130" 130 "$STATUS"
check_equal "Ctrl-C leaves no file" 0 "$(files_of r3)"
check "the server saw it leave" net_until 3 server_says "10\.99\.0\.13.*(left|leave|cancel)"
ended r1 60
check_equal "the other receiver ends with 0" 0 "$STATUS"
check_equal "the other receiver has the file" "$DIGEST" "$(digest "$NET_DIR/r1/disk.img")"
check "a receiver's death costs the others no more than the protocol's timers" \
	test "$(awk -v s="$(member r1 seconds)" 'BEGIN { print int(s) }')" -le 20
check_equal "SIGKILL leaves nothing under the final name" "" "$(find "$NET_DIR/r2" -name disk.img)"

# The server dies in mid-transfer.
get r4
net_until 20 has_bytes r4 $((SIZE / 10))
check "the server forgets the dead one" net_until $((75 - SECONDS + killed_at)) server_says "10\.99\.0\.12.*(vanish|lost|silent|dead)"
rm "$NET_DIR/r1/disk.img"
get r1
net_until 30 has_bytes r1 $((SIZE / 10))
net_stop KILL "$SERVER"
died_at=$SECONDS
ended r1 45
check_equal "a receiver left by its server ends with 1" 1 "$STATUS"
check "... within its inactivity time" test $((SECONDS - died_at)) -le 36
check_equal "... with one line of error" 1 "$(error_lines r1)"
check_equal "... and without a file of that name" 0 "$(files_of r1)"

# A server that is told to stop says so.
serve
get r3
net_until 20 has_bytes r3 $((SIZE / 10))
net_stop TERM "$SERVER" 5
check_equal "the server stops cleanly in mid-transfer" 0 "$STATUS"
ended r3 40
check_equal "its receiver ends with 1" 1 "$STATUS"
check_equal "... and without a file" 0 "$(files_of r3)"
lab_end
