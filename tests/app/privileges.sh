#!/bin/bash
# In mid-transfer neither program has more than it needs; and a server runs as its systemd unit has it.
. "$(dirname "$0")/lab.sh"
SIZE=$((24 << 20))
UNITS=$BUILD/drivers-config

# Bits of capabilities: net_bind_service 10, net_admin 12, net_raw 13, ipc_lock 14, bpf 39, dac_override 1,
# dac_read_search 2. What a thread has from before the port was open, it keeps.
AT_MOST=$((1 << 10 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 39 | 1 << 1 | 1 << 2))

# What a member of /proc/PID/task/*/status is in all threads: status_of PID MEMBER
status_of() {
	sed -nE "s/^$2:[[:space:]]*//p" /proc/"$1"/task/*/status | sort -u
}

is_sealed() {
	[ "$(status_of "$1" Seccomp)" = 2 ]
}

# modest PID WHAT
modest() {
	local caps

	check "$2: all its threads are under a filter" net_until 10 is_sealed "$1"
	check_equal "$2: no thread can gain anything" 1 "$(status_of "$1" NoNewPrivs)"
	check_equal "$2: nor may any program that it starts" 0000000000000000 "$(status_of "$1" CapBnd)"
	for caps in $(status_of "$1" CapEff); do
		check_equal "$2: no capability but those of its port" 0 $((0x$caps & ~AT_MOST))
	done
}

lab_begin $SIZE r1
lab_slow_wire 100mbit
for PORT in af_packet kernel; do
	serve
	get r1
	net_until 20 has_bytes r1 1
	modest "$SERVER" "wdscast on $PORT"
	modest "${PID[r1]}" "wdsget on $PORT"
	ended r1 60
	check_equal "the transfer on $PORT ends with 0" 0 "$STATUS"
	check_equal "the file is right" "$DIGEST" "$(digest "$NET_DIR/r1/disk.img")"
	rm "$NET_DIR/r1/disk.img"
	net_stop TERM "$SERVER" 10
	check_equal "wdscast on $PORT ends with 0" 0 "$STATUS"
done

# As systemd would: nobody, with the capabilities that the unit has.
PORT=af_packet
capabilities=$(sed -n 's/^AmbientCapabilities=//p' "$UNITS/wdscast.service" | tr 'A-Z' 'a-z' | sed 's/cap_/+/g; s/ /,/g')
mkdir -m 700 "$NET_DIR/run"
chown 65534 "$NET_DIR/run"
SERVER_LOG=$NET_DIR/server.log
net_start srv "$SERVER_LOG" setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps "$capabilities" \
	--ambient-caps "$capabilities" env XDG_RUNTIME_DIR="$NET_DIR/run" "$WDSCAST" --root "$ROOT" --port af_packet:eth0
SERVER=$STARTED
CASES_LOGS=("$SERVER_LOG" "$SERVER_LOG.err")
get r1
ended r1 60
check_equal "with the unit's capabilities alone a transfer ends with 0" 0 "$STATUS"
check_equal "the file is right" "$DIGEST" "$(digest "$NET_DIR/r1/disk.img")"
net_stop TERM "$SERVER" 10
check_equal "its server ends with 0" 0 "$STATUS"
check_equal "and leaves nothing in its directory" "" "$(ls -A "$NET_DIR/run")"

if command -v systemd-analyze >/dev/null; then
	mkdir "$NET_DIR/units"
	for unit in wdscast.service wdscast@.service; do
		sed -E "s#^ExecStart=[^ ]*#ExecStart=$WDSCAST#; /^Documentation=/d" "$UNITS/$unit" >"$NET_DIR/units/$unit"
	done
	for unit in wdscast.service wdscast@eth0.service; do
		check_equal "systemd finds no fault in $unit" "" "$(systemd-analyze verify "$NET_DIR/units/$unit" 2>&1)"
	done
	check "systemd finds its sandbox tight" \
		systemd-analyze security --offline=yes --threshold=30 "$NET_DIR/units/wdscast.service" >/dev/null 2>&1
else
	echo "systemd is not there to look at the units"
fi
lab_end
