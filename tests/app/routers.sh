#!/bin/bash
# A server in another subnet: unicast by a gateway, multicast as far as somebody has reported the group.
# Arguments: SOURCE BUILD
. "$(dirname "$0")/lab.sh"
ROUTER=$BUILD/tests/support/router
SIZE=$((8 << 20))

# Behind the router `rt` there is `far`, and, beyond a relay in `mid`, a memif port, whose network no kernel knows.
beyond() {
	net_host rt 10.99.0.254 && ip netns add "$NET-far" && ip netns add "$NET-mid" &&
		net_run mid sysctl -qw net.ipv6.conf.all.disable_ipv6=1 &&
		ip -n "$NET-rt" link add name down up type veth peer name eth0 netns "$NET-far" &&
		ip -n "$NET-rt" link add name below up type veth peer name wa netns "$NET-mid" &&
		ip -n "$NET-rt" addr add 10.98.1.254/24 dev down &&
		ip -n "$NET-rt" addr add 10.98.0.254/24 dev below &&
		net_run rt sysctl -qw net.ipv4.ip_forward=1 &&
		ip -n "$NET-mid" link set wa up &&
		ip -n "$NET-far" link set eth0 up &&
		ip -n "$NET-far" addr add 10.98.1.11/24 dev eth0 &&
		ip -n "$NET-far" route add default via 10.98.1.254 &&
		net_run sw bridge link set dev rt mcast_router 2 # where the router is, all groups go
}

# What has no kernel is beside the relay: without_kernel LOG COMMAND...
without_kernel() {
	net_start mid "$NET_DIR/relay.log" "$BUILD/tests/support/relay" af_packet:wa "memif:$NET_DIR/memif,server" none
	RELAY_PID=$STARTED
	net_until 20 grep -q ready "$NET_DIR/relay.log"
	net_start_here "$@"
}

# route FROM TO SOURCE
route() {
	net_start rt "$NET_DIR/router.log" "$ROUTER" "$@"
	ROUTER_PID=$STARTED
	net_until 20 grep -q ready "$NET_DIR/router.log"
}

routed() {
	grep -q "^$1 239\." "$NET_DIR/router.log"
}

# crosses WHAT: `far` gets all of the file, and the router heard of it at the beginning and at the end.
crosses() {
	ended far 60
	check_equal "$1: it ends with 0" 0 "$STATUS"
	check_equal "... and the file is right" "$DIGEST" "$(digest "$NET_DIR/far/disk.img")"
	check "... its group was reported" routed join
	check "... and left" net_until 10 routed leave
	rm -rf "${NET_DIR:?}/far"
	net_stop TERM "$ROUTER_PID" 10
}

start_far() {
	mkdir -p "$NET_DIR/far"
	net_start far "$NET_DIR/far.log" "$WDSGET" "$URL" --json --stats -o "$NET_DIR/far/disk.img" "$@"
	PID[far]=$STARTED
	CASES_LOGS=("$SERVER_LOG" "$SERVER_LOG.err" "$NET_DIR/router.log" "$NET_DIR/far.log" "$NET_DIR/far.log.err")
}

lab_begin $SIZE
beyond || exit 1
# The server's kernel knows no route; the receivers' kernels have a default route.
PORT=af_packet
serve --gateway 10.99.0.254
route eth0 down $SERVER_IP
if ! grep -q ready "$NET_DIR/router.log"; then
	echo "this kernel routes no multicast"
	exit 77
fi
start_far --port kernel:eth0
crosses "a receiver in another subnet on kernel"
route eth0 down $SERVER_IP
start_far --port af_packet:eth0
crosses "a receiver in another subnet on af_packet"

# Without the kernel: an address and a gateway that only the port knows.
route eth0 below $SERVER_IP
lab_slow_wire 20mbit
mkdir -p "$NET_DIR/far"
without_kernel "$NET_DIR/far.log" "$WDSGET" "$URL" --json --stats -o "$NET_DIR/far/disk.img" --port "memif:$NET_DIR/memif" \
	--ip 10.98.0.11/24 --gateway 10.98.0.254
PID[far]=$STARTED
check "it is on its way" net_until 30 has_bytes far $((SIZE / 8))
check "... answers ARP" eval 'net_run rt ip neigh show dev below | grep -q "10.98.0.11 lladdr"'
check "... and echo" eval "net_run rt ping -q -c 1 -W 5 10.98.0.11 >/dev/null"
crosses "a receiver behind its own gateway, on memif"
net_run srv tc qdisc del dev eth0 root
net_stop TERM "$RELAY_PID" 10
net_stop TERM "$SERVER" 10
check_equal "the server ends with 0" 0 "$STATUS"

# The other way round: the server has no kernel and a gateway.
SERVER_LOG=$NET_DIR/server.log
without_kernel "$SERVER_LOG" "$WDSCAST" --root "$ROOT" --port "memif:$NET_DIR/memif" --ip 10.98.0.5/24 --gateway 10.98.0.254
SERVER=$STARTED
route below down 10.98.0.5
URL=wds://10.98.0.5/images/disk.img
start_far --port kernel:eth0
crosses "a server behind its own gateway, on memif"
net_stop TERM "$SERVER" 10
check_equal "the server ends with 0" 0 "$STATUS"
net_stop TERM "$RELAY_PID" 10
lab_end
