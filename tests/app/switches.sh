#!/bin/bash
# A switch that snoops, for receivers whose kernel reports their groups and for such as do it themselves (memif,
# plugged into the switch by a relay). Arguments: SOURCE BUILD
. "$(dirname "$0")/lab.sh"
SIZE=$((8 << 20))
SLOW=4mbit      # so that the transfer outlasts MEMBERSHIP
MEMBERSHIP=400  # hundredths of a second without a report, and a member is forgotten
URL6=wds://[fd99::1]/images/disk.img

# The switch has an entry for this port and for groups that begin so: in_group PORT PREFIX
in_group() {
	net_run sw bridge mdb show dev br0 2>/dev/null | grep -q "port $1 grp $2"
}

# Frames that the switch has sent to a host's port.
frames_to() {
	net_run sw cat "/sys/class/net/$1/statistics/tx_packets" 2>/dev/null || echo 0
}

# A querier asks every 2 s: querier SWITCH BRIDGE ON VERSION
querier() {
	net_run "$1" ip link set "$2" type bridge mcast_querier "$3" mcast_igmp_version "$4" mcast_mld_version $(($4 - 1)) \
		mcast_query_interval 200 mcast_query_response_interval 100 mcast_startup_query_interval 50
}

# A port of the switch for what has no kernel: its frames come and go through a relay in `mid`.
plug_memif() {
	ip netns add "$NET-mid" &&
		net_run mid sysctl -qw net.ipv6.conf.all.disable_ipv6=1 &&
		ip -n "$NET-mid" link add name wa up type veth peer name m1 netns "$NET-sw" &&
		ip -n "$NET-sw" link set m1 master br0 up || exit 1
	net_start mid "$NET_DIR/relay.log" "$BUILD/tests/support/relay" af_packet:wa "memif:$NET_DIR/memif,server" none
	RELAY_PID=$STARTED
	net_until 20 grep -q ready "$NET_DIR/relay.log"
}

# get_memif URL IP
get_memif() {
	mkdir -p "$NET_DIR/m1"
	net_start_here "$NET_DIR/m1.log" "$WDSGET" "$1" --port "memif:$NET_DIR/memif" --ip "$2" --json --stats -o "$NET_DIR/m1/disk.img"
	PID[m1]=$STARTED
	CASES_LOGS+=("$NET_DIR/m1.log" "$NET_DIR/m1.log.err" "$NET_DIR/relay.log.err")
}

has_file() {
	ended "$1" 60
	check_equal "$2: it ends with 0" 0 "$STATUS"
	check_equal "... and the file is right" "$DIGEST" "$(digest "$NET_DIR/$1/disk.img")"
	rm -rf "${NET_DIR:?}/$1"
}

# The switch has heard a querier behind this port.
asked_by() {
	net_run sw bridge -d mdb show dev br0 | grep -q "router ports.*$1"
}

none_seen() {
	check "a bystander sees none of it, $1" test $(($(frames_to bystander) - before)) -lt 300
	before=$(frames_to bystander)
}

lab_begin $SIZE r1 bystander
net_run srv ip addr add fd99::1/64 dev eth0 nodad
net_run sw ip link set br0 type bridge mcast_membership_interval $MEMBERSHIP mcast_last_member_interval 20 \
	mcast_querier_interval 500
querier sw br0 1 3
plug_memif

# Another switch, which can be a querier too, of the older version. Queries from an address of its own have
# precedence; it says nothing as long as it hears others every second.
ip netns add "$NET-sw2"
ip -n "$NET-sw2" link add br2 type bridge mcast_snooping 1 mcast_query_use_ifaddr 1 mcast_querier_interval 100
ip -n "$NET-sw2" link add name trunk up type veth peer name sw2 netns "$NET-sw"
ip -n "$NET-sw2" link set trunk master br2
ip -n "$NET-sw2" addr add 10.99.0.200/24 dev br2
ip -n "$NET-sw2" link set br2 up
ip -n "$NET-sw" link set sw2 master br0 up
sleep 2 # a switch floods until its querier has waited for answers

lab_slow_wire $SLOW
PORT=af_packet
serve
before=$(frames_to bystander)
get r1
get_memif "$URL" 10.99.0.21/24
for name in r1 m1; do
	check "$name gets the stream" net_until 30 has_bytes $name $((SIZE / 16))
	check "... for it is joined" in_group $name 239
done

# Another querier takes over, and the first one is gone. Who does not answer is forgotten.
none_seen "at first"
querier sw2 br2 1 2
check "another querier takes over" net_until 20 asked_by sw2
querier sw br0 0 3
changed=$SECONDS
sleep 2 # it is new, so the switch floods until it has waited for answers
before=$(frames_to bystander)
check "... and its answers keep both joined" eval 'net_until 30 has_bytes r1 $((SIZE * 7 / 8)) && in_group r1 239 && in_group m1 239'
check "... when those to the first one have expired" test $(((SECONDS - changed) * 100)) -gt $MEMBERSHIP
has_file r1 "a receiver on af_packet"
has_file m1 "a receiver on memif"
none_seen "and then"
check "after the end nobody is joined" net_until 10 eval '! in_group r1 239 && ! in_group m1 239'

# MLD.
net_run srv tc qdisc replace dev eth0 root tbf rate 40mbit burst 32k limit 400k
get_memif "$URL6" fd99::21/64
check "m1 gets the stream by IPv6" net_until 30 has_bytes m1 $((SIZE / 16))
check "... for it is joined" in_group m1 ff18
has_file m1 "a receiver on memif, by IPv6"
check "after the end it is not joined" net_until 10 eval '! in_group m1 ff18'

net_stop TERM "$SERVER" 10
check_equal "the server ends with 0" 0 "$STATUS"
net_stop TERM "$RELAY_PID" 10
lab_end
