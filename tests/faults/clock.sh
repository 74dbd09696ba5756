#!/bin/bash
# The time of day jumps, by a day and by years, forth and back, in mid-transfer. Only the two programs see it jump.
# Arguments: SOURCE BUILD
. "$(dirname "$0")/faults.sh"
SIZE=$((24 << 20))
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

jumping_transfer() {
	local what="the clock jumps by $*" by started=$SECONDS

	fake_clock
	for name in r1 r2; do
		get $name
	done
	true_clock
	for name in r1 r2; do
		net_until 20 has_bytes $name 1
	done
	for by in "$@"; do
		jump "$by"
		sleep 0.2
	done
	has_image r1 "$what" 60
	has_image r2 "$what" 60
	check "$what: a transfer takes no longer for it" test $((SECONDS - started)) -le 30
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
check "the server has seen the jump" test "$(year_of_server)" -ge $(($(date -u +%Y) + 19))
jumping_transfer -20y
jumping_transfer -1h +1h -1h +1h
jump +0
serverless "clocks"
faults_end
