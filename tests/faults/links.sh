#!/bin/bash
# A cable is pulled in mid-transfer and put back, or an interface set down and up, which takes its routes and groups
# with it; for a receiver on frames, one on the kernel's sockets, and servers on both. Arguments: SOURCE BUILD
. "$(dirname "$0")/faults.sh"
SIZE=$((24 << 20))
declare -A PORT_OF=([r1]=af_packet [r2]=kernel)

# The switch's side of hosts' cables: cables up|down NAME...
cables() {
	local name

	for name in "${@:2}"; do
		net_run sw ip link set "$name" "$1"
	done
}

# The hosts' own side.
interfaces() {
	local name

	for name in "${@:2}"; do
		net_run "$name" ip link set eth0 "$1"
	done
}

# interrupted WAY "NAME..." SECONDS [wdsget's options]: both receivers are in mid-transfer when it happens.
interrupted() {
	local way=$1 whose=$2 seconds=$3 name

	shift 3
	for name in r1 r2; do
		PORT=${PORT_OF[$name]} get $name "$@"
	done
	for name in r1 r2; do
		net_until 20 has_bytes $name 1
	done
	$way down $whose
	sleep "$seconds"
	$way up $whose
}

# comes_back WAY "NAME..." SECONDS [wdsget's options]: who was away goes on when it is there again.
comes_back() {
	local what="$1 of $2 down for $3 s, the server on $PORT" name

	interrupted "$@"
	for name in r1 r2; do
		has_image $name "$what (${PORT_OF[$name]})" 120
	done
	spotless "$what"
}

# Away for no longer than the limit, with time to be found again.
all_come_back() {
	local way whose

	for way in cables interfaces; do
		for whose in "r1 r2" srv; do
			comes_back $way "$whose" "$1" --timeout 100
		done
	done
}

faults_begin $SIZE r1 r2
lab_slow_wire 100mbit
PORT=af_packet serve
PORT=af_packet all_come_back 1
PORT=af_packet all_come_back 10
[ "$LONG" = 0 ] || PORT=af_packet all_come_back 40

# Who has waited for as long as it was told to says so; the other has its file all the same.
for name in r1 r2; do
	[ $name = r1 ] && other=r2 || other=r1
	what="the cable of $name is out for longer than --timeout"
	interrupted cables $name 7 --timeout 4
	has_failed $name "$what (${PORT_OF[$name]})" 30 "gave up after 4 s: nothing comes from 10\.99\.0\.1 any more: "
	has_image $other "$what" 90
	spotless "$what"
done
if [ "$LONG" != 0 ]; then # and longer than the default
	what="all cables are out for 40 s"
	interrupted cables "r1 r2" 40
	for name in r1 r2; do
		has_failed $name "$what (${PORT_OF[$name]})" 30 "gave up after 30 s: nothing comes from 10\.99\.0\.1 any more: "
	done
	spotless "$what"
fi
still_serves "$what" r1
serverless "cables"
PORT=kernel serve
PORT=kernel comes_back interfaces srv "$(short_or_long 1 10)" --timeout 100
PORT=kernel comes_back cables srv "$(short_or_long 1 40)" --timeout 100
serverless "cables of a server on the kernel's sockets"
faults_end
