#!/bin/bash
# The time of day jumps, by a day and by years, forth and back, in mid-transfer. Only the programs see it jump.
# Arguments: SOURCE BUILD
. "$(dirname "$0")/faults.sh"
SIZE=$((48 << 20))
FAKETIME=$(ls /usr/lib/*/faketime/libfaketimeMT.so.1 2>/dev/null | head -1)
[ -n "$FAKETIME" ] || { echo "needs faketime"; exit 77; }

# Programs started from here on have a clock that a file moves. Monotonic time is the kernel's, as when an
# administrator or NTP sets the clock.
fake_clock() {
	export LD_PRELOAD=$FAKETIME FAKETIME_TIMESTAMP_FILE=$NET_DIR/disk-clock FAKETIME_NO_CACHE=1
	export FAKETIME_DONT_FAKE_MONOTONIC=1 NO_FAKE_STAT=1
}

true_clock() {
	unset LD_PRELOAD
}

jump() {
	echo "$1" >"$NET_DIR/disk-clock.new"
	mv "$NET_DIR/disk-clock.new" "$NET_DIR/disk-clock"
}

# The programs' own lines show the clock that they see.
year_of_server() {
	tail -1 "$SERVER_LOG" | grep -oE '"time":[0-9]+' | cut -d: -f2 | xargs -I{} date -u -d @{} +%Y
}

# Receivers print no time: what a program in their place would, on the clock that is theirs.
has_fake_clock() {
	grep -q libfaketime "/proc/$1/maps" && tr '\0' '\n' <"/proc/$1/environ" | grep -qx "FAKETIME_TIMESTAMP_FILE=$NET_DIR/disk-clock"
}

year_seen() {
	fake_clock
	date -u +%Y
	true_clock
}

jumping_transfer() {
	local what="the clock jumps by $*" by started=$SECONDS

	fake_clock
	for name in r1 r2; do
		rm -f "$NET_DIR/$name.log" # of the last transfer
		get $name
	done
	true_clock
	for name in r1 r2; do
		net_until 20 has_bytes $name 1
		check "$what: $name is on the clock that jumps" has_fake_clock "${PID[$name]}"
	done
	for by in "$@"; do
		jump "$by"
		[ "$by" != "$1" ] || check "$what: the receivers are in the middle of it" kill -0 "${PID[r1]}" "${PID[r2]}"
		sleep 0.1
	done
	has_image r1 "$what" 60
	has_image r2 "$what" 60
	check "$what: a transfer takes no longer for it" test $((SECONDS - started)) -le 45
	spotless "$what"
}

faults_begin $SIZE r1 r2
jump +0
lab_slow_wire 100mbit
fake_clock
serve --json
true_clock
net_until 10 server_says serving
jumping_transfer +1d -1d +0
jumping_transfer +20y
check "the server has seen the jump forward" test "$(year_of_server)" -ge $(($(date -u +%Y) + 19))
check "so have the receivers" test "$(year_seen)" -ge $(($(date -u +%Y) + 19))
jumping_transfer -20y
check "the server has seen the jump back" test "$(year_of_server)" -le $(($(date -u +%Y) - 19))
check "so have the receivers" test "$(year_seen)" -le $(($(date -u +%Y) - 19))
jumping_transfer +20y -20y +20y
jumping_transfer -1h +1h -1h +1h
jump +0
serverless "clocks"
faults_end
