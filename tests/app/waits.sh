#!/bin/bash
# Whatever a receiver waits for is named within ten seconds of the fault, on a port that sees frames and on one of the
# kernel's: a server that is off, one that does not run, firewalls, the wrong interface, a switch without a querier, a
# server that dies, a full disk. Arguments: SOURCE BUILD
. "$(dirname "$0")/lab.sh"
SIZE=$((48 << 20))
SOON_MS=10000
declare -A PORT_OF=([r1]=af_packet [r2]=kernel)

# The reason in JSON, or as the line of an error.
says() {
	grep -E '"event":"(waiting|failed)"' "$NET_DIR/$1.log" 2>/dev/null | grep -qE -- "$2"
}

# What is named from now on.
fault() {
	net_now
	FAULT_AT=$NET_NOW
}

# get_both [options]: each on its port, and whatever is wrong is so from the start.
get_both() {
	local name

	fault
	for name in r1 r2; do
		PORT=${PORT_OF[$name]} get $name "$@"
	done
}

# named NAME TEXT "case"
named() {
	check "$3 (${PORT_OF[$1]}): it is named within 10 s" net_until_at $((FAULT_AT + SOON_MS)) says "$1" "$2"
}

# both_named TEXT "case"
both_named() {
	named r1 "$1" "$2"
	named r2 "$1" "$2"
}

stop_both() {
	net_stop INT "${PID[r1]}" 10
	net_stop INT "${PID[r2]}" 10
}

# both_give_up SECONDS TEXT: their --timeout names it too.
both_give_up() {
	local name

	for name in r1 r2; do
		ended $name $(($1 * 2 + 5))
		check_equal "... it ends with 1 at its time-out (${PORT_OF[$name]})" 1 "$STATUS"
		check "... which names it too" error_says $name "gave up after $1 s: $2"
	done
}

# both_have "case": what they were held up in ends well.
both_have() {
	crosses "$1 (af_packet)" r1
	crosses "$1 (kernel)" r2
}

# A firewall between the hosts drops what matches: firewall MATCH...
firewall() {
	local match

	net_run sw nft add table bridge closed
	net_run sw nft add chain bridge closed forward '{ type filter hook forward priority 0; }'
	for match in "$@"; do
		net_run sw nft add rule bridge closed forward $match drop || exit 1
	done
}

no_firewall() {
	net_run sw nft delete table bridge closed
}

lab_begin $SIZE r1 r2
net_run sw nft list ruleset >/dev/null 2>&1 || { echo "needs nftables"; exit 77; }
for name in r1 r2; do
	net_run $name ip link add wrong0 type veth peer name nobody0
	net_run $name ip addr add 10.99.0.21/24 dev wrong0 noprefixroute
	net_run $name ip link set wrong0 up
	net_run $name ip link set nobody0 up
done
serve
net_until 20 server_says serving

URL_OF=wds://10.99.0.77/images/disk.img get_both
both_named "no machine answers for 10\.99\.0\.77 on eth0: it is off" "a server that is off"
stop_both
fault
get r1 --port af_packet:wrong0
get r2 --port kernel:wrong0
named r1 "no machine answers for 10\.99\.0\.1 on wrong0: .*wrong interface" "the wrong interface"
# The kernel asks the server by the right interface, and hears the group at the wrong one.
named r2 "10\.99\.0\.1 answers, but nothing comes by multicast on wrong0: .*wrong interface" "the wrong interface"
stop_both

net_host idle 10.99.0.30
URL_OF=wds://10.99.0.30/images/disk.img get_both --timeout 5
both_named "no answer from 10\.99\.0\.30 port 5041: no server runs there, or a firewall drops UDP" "no server on that machine"
both_give_up 5 "no answer from "

# The server runs, and what it hears or says is dropped.
firewall "udp dport 5041"
get_both --timeout 5
both_named "no answer from 10\.99\.0\.1 port 5041: .*firewall" "a firewall that drops requests"
both_give_up 5 "no answer from "
no_firewall
firewall "udp dport 64001-65000" "udp sport 64001-65000"
get_both --timeout 6
both_named "10\.99\.0\.1 answers requests, but not JOINs to UDP port 64[0-9]{3}: a firewall" "a firewall that drops sessions"
both_give_up 6 "10\.99\.0\.1 answers requests, but not JOINs to UDP port 64"
no_firewall
firewall "ether daddr & ff:ff:ff:00:00:00 == 01:00:5e:00:00:00"
get_both --timeout 6
both_named "10\.99\.0\.1 answers, but nothing comes by multicast on eth0: .*firewall.*querier" "a firewall that drops multicast"
both_give_up 6 "10\.99\.0\.1 answers, but nothing comes by multicast on eth0"
no_firewall

# A switch that snoops, without a querier, and does not flood what it knows no members of.
for name in r1 r2; do
	net_run sw bridge link set dev $name mcast_flood off
done
net_run sw ip link set br0 type bridge mcast_querier 0
get_both --timeout 6
both_named "10\.99\.0\.1 answers, but nothing comes by multicast on eth0: .*no querier" "a switch without a querier"
both_give_up 6 "10\.99\.0\.1 answers, but nothing comes by multicast on eth0"

# Now it has one, for some time.
lab_slow_wire 40mbit
net_run sw ip link set br0 type bridge mcast_querier 1
get_both --timeout 60
net_until 30 has_bytes r1 1000000
net_until 30 has_bytes r2 1000000
fault
net_run sw ip link set br0 type bridge mcast_querier 0
both_named "nothing comes from 10\.99\.0\.1 any more: .*without an IGMP querier forgot us" "a querier that goes"
net_run sw ip link set br0 type bridge mcast_querier 1
both_have "the querier is back"

# On its way, and then nothing.
get_both
net_until 30 has_bytes r1 1000000
net_until 30 has_bytes r2 1000000
fault
net_stop KILL "$SERVER"
rm -rf "/run/dpdk/wdscast-$SERVER"
both_named "nothing comes from 10\.99\.0\.1 any more: it is dead" "a server that dies"
stop_both

serve
net_until 20 server_says serving
net_tmpfs full 16M
fault
get r1 -o "$NET_DIR/full/disk.img"
named r1 "not enough space" "a full disk"
ended r1 10
check_equal "... and it ends with 1" 1 "$STATUS"
net_tmpfs filling 56M
get r1 -o "$NET_DIR/filling/disk.img"
net_until 30 has_bytes r1 1000000
head -c 100M /dev/zero >"$NET_DIR/filling/other" 2>/dev/null
fault
named r1 "No space left" "a disk that fills up"
ended r1 10
check_equal "... and it ends with 1" 1 "$STATUS"
net_stop TERM "$SERVER" 5
lab_end
