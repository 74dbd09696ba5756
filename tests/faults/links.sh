#!/bin/bash
# A cable is pulled in mid-transfer, and put back. Arguments: SOURCE BUILD
. "$(dirname "$0")/faults.sh"
SIZE=$((24 << 20))

# The switch's side of a host's cable: cable NAME up|down
cable() {
	net_run sw ip link set "$1" "$2"
}

# pulled WHOSE SECONDS [wdsget's options]: both receivers are in mid-transfer when it happens.
pulled() {
	local whose=$1 seconds=$2 name

	shift 2
	for name in r1 r2; do
		get $name "$@"
	done
	for name in r1 r2; do
		net_until 20 has_bytes $name 1
	done
	cable "$whose" down
	sleep "$seconds"
	cable "$whose" up
}

# comes_back WHOSE SECONDS: who was away goes on when it is there again.
comes_back() {
	local what="the cable of $1 is out for $2 s"

	pulled "$1" "$2" --timeout 100
	has_image r1 "$what" 120
	has_image r2 "$what" 120
	spotless "$what"
}

faults_begin $SIZE r1 r2
lab_slow_wire 100mbit
serve
for whose in r1 srv; do
	comes_back $whose 1
	comes_back $whose 10
done
if [ "$LONG" != 0 ]; then
	comes_back r1 40
	comes_back srv 40
fi

# Who has waited for as long as it was told to says so; the other has its file all the same.
what="the cable of r1 is out for longer than --timeout"
pulled r1 7 --timeout 4
has_failed r1 "$what" 30 "silent|heard|answer|10\.99\.0\.1"
has_image r2 "$what" 90
spotless "$what"
still_serves "$what" r1
serverless "cables"
faults_end
