#!/bin/bash
# The books balance on real ports: a receiver stands still while the server sends, its ring or its socket runs
# full, and what it counts there is what it finds missing. Arguments: SOURCE BUILD
. "$(dirname "$0")/lab.sh"
SIZE=$((96 << 20))

# Packets that the slow wire has dropped before they came to anybody.
dropped_on_the_way() {
	net_run srv tc -s qdisc show dev eth0 | grep -oE 'dropped [0-9]+' | cut -d' ' -f2 | head -1
}

# stand_still WHAT PORT WDSGET: r2 sets the pace, so the server goes on while r1 is stopped.
stand_still() {
	local what=$1 before

	before=$(dropped_on_the_way)
	PORT=$2 get r2 --stats
	net_until 20 has_bytes r2 $((SIZE / 20))
	PORT=$2 WDSGET=$3 get r1 --stats
	net_until 20 has_bytes r1 1
	kill -STOP "${PID[r1]}"
	sleep 1
	kill -CONT "${PID[r1]}"
	crosses "$what" r1
	crosses "$what: the other" r2
	lost=$(member r1 lost_seq_nos)
	here=$(($(member r1 rx_missed) + $(member r1 rx_no_buffer)))
	on_the_way=$(($(dropped_on_the_way) - before))
}

# stands_still PORT [WDSGET]
stands_still() {
	local what="a receiver on $1 that stands still" lost=0 here on_the_way unknown

	# It may have come too late for that, or have been made the one that sets the pace.
	for ((tries = 0; tries < 4 && lost < 1000; tries++)); do
		stand_still "$what" "$1" "${2:-$WDSGET}"
	done
	echo "$what: $lost packets missing, $here lost here, $(member r1 lost_on_wire) on the wire ($on_the_way really)"
	check "$what: it has lost packets" test "$lost" -ge 1000
	# Some are counted nowhere: what the switch lets by before it knows the member, and the rest of a train that the
	# kernel glued and dropped as one.
	unknown=$((lost / 100 + 8))
	check "$what: all are missing that were lost on the wire" \
		test "$(member r1 lost_on_wire)" -ge "$on_the_way" -a "$(member r1 lost_on_wire)" -le $((on_the_way + unknown))
	# Beside the stream there are frames of others, and packets without a number.
	check "$what: what it lost here is what is missing" \
		test "$here" -ge $((lost - on_the_way - unknown)) -a "$here" -le $((lost + lost / 20 + 20))
	check_equal "$what: nothing was refused" "0 0 0" "$(member r1 malformed) $(member r1 unverified) $(member r1 wrong_security)"
	check_equal "$what: and the end finds no slot in use" 0 "$(member r1 slots_used)"
}

lab_begin $SIZE r1 r2
lab_slow_wire 300mbit
serve # on af_packet: so the kernel glues no datagrams, and each that it drops is counted
stands_still af_packet
# With its privileges a socket takes a second of the stream: without, what everybody may have.
printf '#!/bin/sh\nexec setpriv --bounding-set -net_admin %s "$@"\n' "$WDSGET" >"$NET_DIR/wdsget"
chmod +x "$NET_DIR/wdsget"
stands_still kernel "$NET_DIR/wdsget"
stop_server "books"
lab_end
