#!/bin/bash
# In mid-transfer neither program has more than it needs; and a server runs as its systemd unit has it.
. "$(dirname "$0")/lab.sh"
SIZE=$((24 << 20))
command -v systemd-analyze >/dev/null || { echo "needs systemd-analyze, of the package systemd"; exit 77; }
UNITS=$BUILD/drivers-config

# Bits of capabilities, as capabilities(7) numbers them: what is kept to run, by the kind of port, and for files.
NET_BIND_SERVICE=$((1 << 10)) NET_ADMIN=$((1 << 12)) NET_RAW=$((1 << 13)) IPC_LOCK=$((1 << 14)) BPF=$((1 << 39))
READ=$((1 << 2)) WRITE=$((1 << 1 | 1 << 2))
declare -A TO_RUN
TO_RUN[kernel]=$((NET_BIND_SERVICE | NET_ADMIN))
TO_RUN[auto]=${TO_RUN[kernel]} # which is what it chooses here
TO_RUN[af_packet]=$((TO_RUN[kernel] | NET_RAW | IPC_LOCK))
TO_RUN[af_xdp]=$((TO_RUN[af_packet] | BPF))

# What a member of /proc/PID/task/*/status is in all threads: status_of PID MEMBER
status_of() {
	sed -nE "s/^$2:[[:space:]]*//p" /proc/"$1"/task/*/status 2>/dev/null | sort -u
}

is_sealed() {
	[ "$(status_of "$1" Seccomp)" = 2 ]
}

# Threads that have more than AT_MOST, each with what it has: immodest PID AT_MOST
immodest() {
	local name value key

	cat /proc/"$1"/task/*/status 2>/dev/null | while IFS=$': \t' read -r key value; do
		case $key in
		Name) name=$value ;;
		CapPrm | CapEff) [ $((0x$value & ~$2)) = 0 ] || echo "$name $key $value" ;;
		esac
	done
}

# modest PID WHAT AT_MOST [BOUNDING]: the latter as /proc has it; only who may empties it
modest() {
	check "$2: all its threads are under a filter" net_until 10 is_sealed "$1"
	check_equal "$2: no thread can gain anything" 1 "$(status_of "$1" NoNewPrivs)"
	check_equal "$2: nor may any program that it starts" "${4:-0000000000000000}" "$(status_of "$1" CapBnd)"
	check_equal "$2: no thread has a capability but those of its port" "" "$(immodest "$1" "$3")"
}

# gave_up WHAT NAME: all that was to be given up; what cannot be is told on standard error.
gave_up() {
	check_equal "$1: gives up all that it wants to" "" "$(grep -E 'cannot (give up|filter)' "$NET_DIR/$2.log.err")"
}

lab_begin $SIZE r1
lab_slow_wire 100mbit
KINDS="auto kernel af_packet"
# Only where there was a compiler for the XDP program.
[ ! -e "$BUILD/drivers-config/wdscast_xdp.bpf.o" ] || KINDS+=" af_xdp"
for kind in $KINDS; do
	# Frames of af_xdp pass by the kernel's queues, and no wire is slow for them.
	PORT=${kind/af_xdp/af_packet}
	serve
	PORT=$kind
	get r1
	net_until 20 has_bytes r1 1
	modest "${PID[r1]}" "wdsget on $kind" $((TO_RUN[$kind] | WRITE))
	[ "$kind" = af_xdp ] || modest "$SERVER" "wdscast on $kind" $((TO_RUN[$kind] | READ))
	ended r1 60
	check_equal "the transfer on $kind ends with 0" 0 "$STATUS"
	check_equal "the file is right" "$DIGEST" "$(digest "$NET_DIR/r1/disk.img")"
	gave_up "wdsget on $kind" r1
	rm "$NET_DIR/r1/disk.img"
	stop_server "$kind"
	gave_up "wdscast on $kind" server
done
if [ "$kind" = af_xdp ]; then
	serve
	modest "$SERVER" "wdscast on af_xdp" $((TO_RUN[af_xdp] | READ))
	stop_server "af_xdp"
	gave_up "wdscast on af_xdp" server
fi

# As nobody, with what the unit has: what its filter of system calls refuses is missed here, not on a user's machine.
mkdir -m 700 "$NET_DIR/run"
chown 65534 "$NET_DIR/run"
for PORT in auto af_packet; do
	SERVER_LOG=$NET_DIR/server.log
	net_start srv "$SERVER_LOG" unshare --mount python3 "$SOURCE/tests/support/as_unit.py" "$UNITS/wdscast.service" 65534 \
		"$NET_DIR/run" "$WDSCAST" --root "$ROOT" --port $PORT:eth0
	SERVER=$STARTED
	CASES_LOGS=("$SERVER_LOG" "$SERVER_LOG.err")
	get r1
	ended r1 60
	check_equal "from the unit's sandbox a transfer on $PORT ends with 0" 0 "$STATUS"
	check_equal "the file is right" "$DIGEST" "$(digest "$NET_DIR/r1/disk.img")"
	rm -f "$NET_DIR/r1/disk.img"
	modest "$SERVER" "its server on $PORT" ${TO_RUN[$PORT]} "$(printf %016x ${TO_RUN[af_packet]})"
	check_equal "its server on $PORT is nobody" "65534 65534 65534 65534" "$(status_of "$SERVER" Uid | tr '\t' ' ')"
	stop_server "the unit's sandbox"
	gave_up "the unit's sandbox" server
	check_equal "and leaves nothing in its directory" "" "$(ls -A "$NET_DIR/run")"
done

mkdir "$NET_DIR/units"
for unit in wdscast.service wdscast@.service; do
	sed -E "s#^ExecStart=[^ ]*#ExecStart=$WDSCAST#; /^Documentation=/d" "$UNITS/$unit" >"$NET_DIR/units/$unit"
done
for unit in wdscast.service wdscast@eth0.service; do
	check_equal "systemd finds no fault in $unit" "" "$(systemd-analyze verify "$NET_DIR/units/$unit" 2>&1)"
done
check "systemd finds its sandbox tight" \
	systemd-analyze security --offline=yes --threshold=30 "$NET_DIR/units/wdscast.service" >/dev/null 2>&1
lab_end
