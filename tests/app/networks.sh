#!/bin/bash
# Networks that people have: IPv6, fragments, VLANs, slow links, switches that snoop. Arguments: SOURCE BUILD
. "$(dirname "$0")/lab.sh"
SIZE=$((12 << 20))
URL6=wds://[fd99::1]/images/disk.img
MTU= # of memif: ",mtu=N"

# over PORT WHAT URL [server's options]
over() {
	local what=$2

	PORT=$1 URL_OF=$3
	shift 3
	serve "$@"
	get r1 --stats
	crosses "$what on $PORT" r1
	stop_server "$what on $PORT"
}

# memif WHAT URL SERVER_IP IP [server's options]: two processes that share memory, and no kernel between.
memif() {
	local what="$1 on memif" url=$2 server_ip=$3 ip=$4

	shift 4
	SERVER_LOG=$NET_DIR/server.log
	net_start_here "$SERVER_LOG" "$WDSCAST" --root "$ROOT" --port "memif:$NET_DIR/memif,server$MTU" --ip "$server_ip" "$@"
	SERVER=$STARTED
	net_until 20 test -S "$NET_DIR/memif"
	mkdir -p "$NET_DIR/r1"
	net_start_here "$NET_DIR/r1.log" "$WDSGET" "$url" --port "memif:$NET_DIR/memif$MTU" --ip "$ip" --json --stats -o "$NET_DIR/r1/disk.img"
	PID[r1]=$STARTED
	CASES_LOGS=("$SERVER_LOG" "$SERVER_LOG.err" "$NET_DIR/r1.log" "$NET_DIR/r1.log.err")
	crosses "$what" r1
	stop_server "$what"
}

# Frames that the switch has sent to a host's port.
frames_to() {
	net_run sw cat "/sys/class/net/$1/statistics/tx_packets" 2>/dev/null || echo 0
}

# The switch forwards a group to a host's port: in_group NAME
in_group() {
	net_run sw bridge mdb show dev br0 2>/dev/null | grep -q "port $1 grp 239\."
}

lab_begin $SIZE r1 bystander
net_run srv ip addr add fd99::1/64 dev eth0 nodad
net_run r1 ip addr add fd99::11/64 dev eth0 nodad

over kernel "IPv6" "$URL6"
over af_packet "IPv6" "$URL6"
memif "IPv6" "$URL6" fd99::1/64 fd99::11/64

# Only where there was a compiler for the XDP program.
if [ -e "$BUILD/drivers-config/wdscast_xdp.bpf.o" ]; then
	over af_xdp "IPv4" "$URL"
	over af_xdp "IPv6" "$URL6"
	over af_xdp "blocks of 8785 bytes" "$URL" --block-size 8785
	over af_xdp "blocks of 8785 bytes over IPv6" "$URL6" --block-size 8785
	check_equal "one line says where the program runs" 1 "$(grep -c 'XDP in the driver\|XDP outside the driver' "$SERVER_LOG.err")"
	check "... and its libraries say nothing" eval '! grep -v "^wdscast: " "$SERVER_LOG.err" && [ ! -s "$NET_DIR/r1.log.err" ]'
	check "... and no XDP program is left on the interface" eval '! net_run r1 ip link show eth0 | grep -q xdp'
fi

over kernel "blocks of 8785 bytes" "$URL" --block-size 8785
over af_packet "blocks of 8785 bytes" "$URL" --block-size 8785
check "... they came as fragments, and the counters tell" test "$(member r1 reassembled)" -gt $((SIZE / 8785 / 2))
over af_packet "blocks of 8785 bytes over IPv6" "$URL6" --block-size 8785
memif "blocks of 8785 bytes" "$URL" $SERVER_IP/24 10.99.0.11/24 --block-size 8785

# The default block fills a frame, be it a jumbo: one byte more, and there are fragments.
whole_frames() {
	check_equal "... without fragments" 0 "$(member r1 fragments)"
	BLOCK=$(member r1 block_bytes)
	check "... in blocks of $BLOCK bytes, as large as the MTU lets them be" test "$BLOCK" -gt $1
}

set_mtu() {
	local name

	for name in srv r1 bystander; do
		net_run sw ip link set "$name" mtu "$1"
		net_run "$name" ip link set eth0 mtu "$1"
	done
	net_run sw ip link set br0 mtu "$1"
}

over af_packet "default blocks" "$URL"
whole_frames 1390
over af_packet "blocks a byte larger" "$URL" --block-size $((BLOCK + 1))
check "... have fragments" test "$(member r1 fragments)" -gt 0
over af_packet "default blocks over IPv6" "$URL6"
whole_frames 1370
set_mtu 9000
over af_packet "default blocks at an MTU of 9000" "$URL"
whole_frames 8890
over kernel "default blocks at an MTU of 9000" "$URL"
check_equal "... are as large" "$BLOCK" "$(member r1 block_bytes)"
PORT=kernel URL_OF=$URL
serve
PORT=af_packet
get r1 --stats
crosses "jumbo frames from sockets" r1
check_equal "... and none was longer than the MTU" 0 "$(member r1 oversize)"
stop_server "jumbo frames from sockets"
set_mtu 1500
MTU=,mtu=9000
memif "default blocks at an MTU of 9000" "$URL" $SERVER_IP/24 10.99.0.11/24
whole_frames 8890
MTU=

# A kernel that sends over a veth leaves trains of datagrams in one piece, and packet sockets cannot part them: so
# they are kept from coming, and where that cannot be (a bridge is no veth) it is said.
PORT=kernel URL_OF=$URL
serve
PORT=af_packet
get r1 --stats
crosses "what sockets send, from frames" r1
check_equal "... and none was longer than the MTU" 0 "$(member r1 oversize)"
net_run r1 ip link add br1 type bridge mcast_snooping 0
net_run r1 ip addr del 10.99.0.11/24 dev eth0
net_run r1 ip link set eth0 master br1
net_run r1 ip link set br1 up
net_run r1 ip addr add 10.99.0.11/24 dev br1
net_run r1 ip route replace 224.0.0.0/4 dev br1
net_start r1 "$NET_DIR/r1.log" "$WDSGET" "$URL" --port af_packet:br1 --json --stats -o "$NET_DIR/disk.img"
PID[r1]=$STARTED
check "a train in one piece is told of, and what helps" net_until 30 error_says r1 "longer than the MTU.*|tx-udp-segmentation off"
net_stop INT "${PID[r1]}" 10
check "... and counted" test "$(member r1 oversize)" -gt 0
net_run srv ethtool -K eth0 tx-udp-segmentation off
mkdir -p "$NET_DIR/r1"
net_start r1 "$NET_DIR/r1.log" "$WDSGET" "$URL" --port af_packet:br1 --json --stats -o "$NET_DIR/r1/disk.img"
PID[r1]=$STARTED
crosses "what was told helps" r1
net_run srv ethtool -K eth0 tx-udp-segmentation on
net_run r1 ip link del br1
net_run r1 ip addr add 10.99.0.11/24 dev eth0
net_run r1 ip route replace 224.0.0.0/4 dev eth0
stop_server "what sockets send, from frames"

# 802.1Q: who is in the VLAN gets it, who is not does not even get an answer.
SERVER_LOG=$NET_DIR/server.log
net_start srv "$SERVER_LOG" "$WDSCAST" --root "$ROOT" --port af_packet:eth0,vlan=100 --ip $SERVER_IP/24
SERVER=$STARTED
PORT=af_packet URL_OF=$URL
get bystander
mkdir -p "$NET_DIR/r1"
net_start r1 "$NET_DIR/r1.log" "$WDSGET" "$URL" --port af_packet:eth0,vlan=100 --ip 10.99.0.11/24 --json --stats -o "$NET_DIR/r1/disk.img"
PID[r1]=$STARTED
CASES_LOGS=("$SERVER_LOG" "$SERVER_LOG.err" "$NET_DIR/r1.log" "$NET_DIR/r1.log.err")
crosses "VLAN 100" r1
check "outside of the VLAN it is not there" test ! -s "$NET_DIR/bystander/disk.img"
check "... nor is who asks heard inside" eval '! server_says "10\.99\.0\.12"'
net_stop KILL "${PID[bystander]}" 5
stop_server "VLAN 100"

# A slow link with a short queue: it loses bursts, and repairs too. A stall costs seconds, the limit minutes.
for PORT in kernel af_packet; do
	net_run sw tc qdisc replace dev r1 root tbf rate 100mbit burst 64k latency 50ms
	over $PORT "a link of 100 Mb/s" "$URL"
	net_run sw tc qdisc del dev r1 root
done

# Who has not joined gets nothing of it, and a querier that falls silent and comes again ends no transfer. (A
# bridge without a querier floods, so the bystander's frames are counted before.)
PORT=af_packet URL_OF=$URL
lab_slow_wire 40mbit
serve
before=$(frames_to bystander)
get r1
check "a receiver gets the stream" net_until 30 has_bytes r1 $((SIZE / 8))
check "... because it is joined" in_group r1
check "a bystander sees none of it" test $(($(frames_to bystander) - before)) -lt 200
net_run sw ip link set br0 type bridge mcast_querier 0
net_run sw ip link set br0 type bridge mcast_querier 1
crosses "a change of the querier" r1
check "after its end nobody is joined" net_until 10 eval '! in_group r1'

# A server that is killed and comes again is found by the next client.
net_stop KILL "$SERVER" 5
serve
get r1
crosses "a server that was started again" r1
stop_server "a server that was started again"
lab_end
