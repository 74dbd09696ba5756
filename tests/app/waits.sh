#!/bin/bash
# Whatever a receiver waits for is named within ten seconds: a server that is off, one that does not run, a closed
# firewall, the wrong interface, a switch that forgets, a server that dies, a full disk. Arguments: SOURCE BUILD
. "$(dirname "$0")/lab.sh"
SIZE=$((48 << 20))

# The reason in JSON, or as the line of an error.
says() {
	grep -qE '"event":"(waiting|failed)"' "$NET_DIR/$1.log" && grep -E '"event":"(waiting|failed)"' "$NET_DIR/$1.log" | grep -qE -- "$2"
}

# named NAME TEXT "case": within ten seconds of now, or of the start that it has just had.
named() {
	check "$3: it is named within 10 s" net_until 10 says "$1" "$2"
}

stop() {
	net_stop INT "${PID[$1]}" 10
}

lab_begin $SIZE r1 r2
net_run r1 ip link add wrong0 type veth peer name nobody0
net_run r1 ip addr add 10.99.0.21/24 dev wrong0 noprefixroute
net_run r1 ip link set wrong0 up
net_run r1 ip link set nobody0 up
serve
net_until 20 server_says serving

URL_OF=wds://10.99.0.77/images/disk.img get r1
named r1 "no machine answers for 10\.99\.0\.77 on eth0: it is off" "a server that is off"
stop r1
get r1 --port af_packet:wrong0
named r1 "no machine answers for 10\.99\.0\.1 on wrong0: .*wrong interface" "the wrong interface"
stop r1

# The machine is there, and nobody answers: as a firewall has it that drops, or a program that does not run.
URL_OF=wds://10.99.0.12/images/disk.img get r1
named r1 "no answer from 10\.99\.0\.12 port 5041: no server runs there, or a firewall drops UDP" "no server on that machine"
URL_OF=wds://10.99.0.12/images/disk.img get r2 --port kernel:eth0 --timeout 5
ended r2 20
check_equal "... and ends with 1 at its time-out" 1 "$STATUS"
check "... which names it too" error_says r2 "gave up after 5 s: no answer from "
stop r1

# The server answers by unicast, and nothing of the group comes through.
if net_run sw nft list ruleset >/dev/null 2>&1; then
	net_run sw nft -f - <<-END
		table bridge closed {
			chain forward {
				type filter hook forward priority 0;
				oifname "r1" ether daddr & 01:00:5e:00:00:00 == 01:00:5e:00:00:00 drop
			}
		}
	END
else
	net_run sw tc qdisc add dev r1 root handle 1: prio
	net_run sw tc filter add dev r1 parent 1: protocol ip u32 match ip dst 239.0.0.0/8 action drop
fi
get r1 --timeout 12
named r1 "10\.99\.0\.1 answers, but nothing comes by multicast: .*firewall.*querier" "no multicast"
ended r1 30
check_equal "... and it ends with 1 at its time-out" 1 "$STATUS"
check "... which names it too" error_says r1 "gave up after 12 s: 10\.99\.0\.1 answers, but nothing comes by multicast"
net_run sw nft delete table bridge closed 2>/dev/null
net_run sw tc qdisc del dev r1 root 2>/dev/null

# On its way, and then nothing.
lab_slow_wire 40mbit
get r1
net_until 30 has_bytes r1 1000000
net_stop KILL "$SERVER"
rm -rf "/run/dpdk/wdscast-$SERVER"
named r1 "nothing comes from 10\.99\.0\.1 any more: it is dead" "a server that dies"
stop r1

serve
net_until 20 server_says serving
net_tmpfs full 16M
get r1 -o "$NET_DIR/full/disk.img"
named r1 "not enough space" "a full disk"
ended r1 10
check_equal "... and it ends with 1" 1 "$STATUS"
net_tmpfs filling 56M
get r1 -o "$NET_DIR/filling/disk.img"
net_until 30 has_bytes r1 1000000
head -c 100M /dev/zero >"$NET_DIR/filling/other" 2>/dev/null
check "a disk that fills up: it is named" net_until 30 says r1 "No space left"
ended r1 10
check_equal "... and it ends with 1" 1 "$STATUS"
net_stop TERM "$SERVER" 5
lab_end
