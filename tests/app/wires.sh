#!/bin/bash
# Wires with faults (tests/support/relay.c): what they do to fragments, and frames that nobody ought to send, on
# every kind of port. Arguments: SOURCE BUILD
. "$(dirname "$0")/lab.sh"
RELAY=$BUILD/tests/support/relay
SIZE=$((6 << 20))
BLOCKS=$((SIZE / 8785))
URL6=wds://[fd99::1]/images/disk.img

# A host's cable leads through the namespace `mid`, where a relay is to stand: splice NAME ADDRESS
splice() {
	ip -n "$NET-sw" link del "$1"
	ip netns add "$NET-mid"
	net_run mid sysctl -qw net.ipv6.conf.all.disable_ipv6=1
	ip -n "$NET-mid" link add name wa up type veth peer name "$1" netns "$NET-sw"
	ip -n "$NET-mid" link add name wb up type veth peer name eth0 netns "$NET-$1"
	ip -n "$NET-sw" link set "$1" master br0 up
	ip -n "$NET-$1" addr add "$2/24" dev eth0
	ip -n "$NET-$1" link set eth0 up
	ip -n "$NET-$1" route add 224.0.0.0/4 dev eth0
	ip -n "$NET-$1" addr add fd99::11/64 dev eth0 nodad
}

# relay FAULT, for ports with an interface or for memif.
relay() {
	if [ "$PORT" = memif ]; then
		net_start_here "$NET_DIR/relay.log" "$RELAY" "memif:$NET_DIR/memif" "memif:$NET_DIR/memif2,server" "$1"
	else
		net_start mid "$NET_DIR/relay.log" "$RELAY" af_packet:wa af_packet:wb "$1"
	fi
	RELAY_PID=$STARTED
	net_until 20 grep -q ready "$NET_DIR/relay.log" || cat "$NET_DIR/relay.log.err"
}

# server PORT [options]: for all transfers on that port.
server() {
	PORT=$1
	shift
	if [ "$PORT" = memif ]; then
		SERVER_LOG=$NET_DIR/server.log
		net_start_here "$SERVER_LOG" "$WDSCAST" --root "$ROOT" --port "memif:$NET_DIR/memif,server" --ip $SERVER_IP/24 "$@"
		SERVER=$STARTED
		net_until 20 test -S "$NET_DIR/memif"
	else
		PORT=af_packet serve "$@"
	fi
}

# through FAULT WHAT: a transfer.
through() {
	local what="$2 on $PORT"

	mkdir -p "$NET_DIR/r1"
	relay "$1"
	if [ "$PORT" = memif ]; then
		net_start_here "$NET_DIR/r1.log" "$WDSGET" "$URL" --port "memif:$NET_DIR/memif2" --ip 10.99.0.11/24 --json --stats \
			-o "$NET_DIR/r1/disk.img"
		PID[r1]=$STARTED
	else
		get r1 --stats
	fi
	CASES_LOGS=("$SERVER_LOG" "$SERVER_LOG.err" "$NET_DIR/relay.log.err" "$NET_DIR/r1.log" "$NET_DIR/r1.log.err")
	ended r1 90
	check_equal "$what: it ends with 0" 0 "$STATUS"
	check_equal "... and the file is right" "$DIGEST" "$(digest "$NET_DIR/r1/disk.img")"
	rm -rf "${NET_DIR:?}/r1"
	net_stop TERM "$RELAY_PID" 10
}

# counted NAME LEAST: a counter of the receiver.
counted() {
	check "... $1: $(member r1 "$1")" test "$(member r1 "$1")" -ge "$2"
}

# The kernel's own reassembly counts elsewhere.
ours() {
	[ "$PORT" != kernel ]
}

# fragments FAMILY
fragments() {
	URL_OF=$URL
	[ "$1" = IPv4 ] || URL_OF=$URL6
	through reverse "$1 fragments in reverse"
	! ours || { counted reassembled $BLOCKS; check_equal "... none is bad" 0 "$(member r1 bad_fragment)"; }
	through lose "$1 fragments of which some never come"
	! ours || check "... given up: $(member r1 reassembly_timeouts) in time, $(member r1 reassembly_evicted) for others" \
		test $(($(member r1 reassembly_timeouts) + $(member r1 reassembly_evicted))) -gt 0
	counted repaired_blocks 1
	through overlap "$1 fragments that overlap"
	ours || return
	counted bad_fragment 10
	through interleave "$1 fragments of two datagrams that take turns"
	counted reassembled $BLOCKS
	through duplicate "$1 fragments that come twice"
	counted reassembled $BLOCKS
}

# Whole datagrams: more blocks come again than a hundredth, and none is taken twice.
shuffled() {
	URL_OF=$URL
	through shuffle "frames that come twice and out of order"
	check "... some $(cut -d, -f1 <<<"$(tail -1 "$NET_DIR/relay.log")") and others late" \
		grep -qE '^[0-9]{2,} twice, [0-9]{3,} late$' "$NET_DIR/relay.log"
	counted duplicates 10
	counted lost_seq_nos 100
	check_equal "... and each block was taken once" "$(member r1 wanted_blocks)" "$(member r1 blocks)"
}

# Counters of what net judges, and of what the session does. The XDP program lets only our datagrams through.
NET_JUDGES="runt bad_ip bad_udp bad_fragment fragments other_host other_vlan other_protocol no_session handled conflicts"
SESSION_JUDGES="malformed unverified wrong_security wrong_sender wrong_session wrong_opcode"

hostile() {
	local counter counters=$SESSION_JUDGES

	URL_OF=$URL
	through hostile "hostile frames"
	check "... and the server lost nobody" eval '! server_says " left "'
	[[ $PORT != af_packet && $PORT != memif ]] || counters="$counters $NET_JUDGES"
	for counter in $counters; do
		counted "$counter" 1
	done
	[[ $counters != *fragments* ]] || check "... the table of fragments is bounded: $(member r1 reassembly_evicted) gave way" \
		test "$(member r1 reassembly_evicted)" -gt 0
}

# transfers PORT FAMILY...
transfers() {
	local port=$1 family

	shift
	server "$port"
	hostile
	shuffled
	net_stop TERM "$SERVER" 10
	server "$port" --block-size 8785
	for family in "$@"; do
		fragments "$family"
	done
	net_stop TERM "$SERVER" 10
	check_equal "the server on $port ends with 0" 0 "$STATUS"
}

lab_begin $SIZE r1
net_run srv ip addr add fd99::1/64 dev eth0 nodad
splice r1 10.99.0.11
transfers af_packet IPv4 IPv6
transfers memif IPv4
transfers kernel IPv4
# Only where there was a compiler for the XDP program.
[ ! -e "$BUILD/drivers-config/wdscast_xdp.bpf.o" ] || transfers af_xdp IPv4
lab_end
