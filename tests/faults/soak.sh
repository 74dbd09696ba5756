#!/bin/bash
# A server and several receivers that transfer, join and leave for a long time. Each round ends in silence: what a
# process has then, and had not at the same place before, it has lost. Arguments: SOURCE BUILD [MINUTES]
. "$(dirname "$0")/faults.sh"
SECONDS_WANTED=$((${3:-0} * 60))
ROUND_S=$([ "$SECONDS_WANTED" -ge 300 ] && echo 20 || echo 5)
ROUNDS=4 # at least
SIZE=$((12 << 20))
SOAKERS=(s1 s2 s3)
declare -A SOAKER=() AT=() TO=()

# soaker NAME PORT OBJECT: a long-lived receiver; rounds are asked for through TO[NAME].
soaker() {
	local name=$1 pipe=$NET_DIR/disk-$1 fd

	mkfifo "$pipe"
	WDSCAST_PORT=$2:eth0 ip netns exec "$NET-$name" env --default-signal=INT "$BUILD/tests/faults/soak_receiver" \
		$SERVER_IP images "$3" "$ROOT/images/$3" "${name#s}" <"$pipe" >"$NET_DIR/$name.log" 2>"$NET_DIR/$name.log.err" &
	SOAKER[$name]=$!
	NET_PIDS+=("$!")
	exec {fd}>"$pipe"
	TO[$name]=$fd
	rm "$pipe"
}

# round_is_over NAME N
round_is_over() {
	grep -q "^round $2:" "$NET_DIR/$1.log" || ! kill -0 "${SOAKER[$1]}" 2>/dev/null
}

no_session_is_open() {
	[ "$(grep -c '"event":"opened"' "$SERVER_LOG")" = "$(grep -c '"event":"closed"' "$SERVER_LOG")" ]
}

# KiB of memory of its own in small pages, and in huge ones; threads; handles: measure PID
measure() {
	awk '/^Anonymous:/ { small += $2 } /^AnonHugePages:/ { huge += $2; small -= $2 } /_Hugetlb:/ { huge += $2 }
		END { printf "%d %d ", small, huge }' "/proc/$1/smaps_rollup"
	echo "$(ls "/proc/$1/task" | wc -l) $(ls "/proc/$1/fd" | wc -l)"
}

# Slots and buffers in use, as a process tells itself at the end of its sessions: held NAME
held() {
	case $1 in
	wdscast) grep '"event":"closed"' "$SERVER_LOG" | tail -1 | sed -E 's/.*"slots_used":([0-9]+),"buffers_used":([0-9]+).*/\1 \2/' ;;
	*) tail -1 "$NET_DIR/$1.log" | sed -E 's/.*; ([0-9]+) slots, ([0-9]+) buffers$/\1 \2/' ;;
	esac
}

# Guests that come, and go in all the ways there are, until the round is over: guests UNTIL KILLED
guests() {
	local how first=1

	while [ $SECONDS -lt "$1" ]; do
		# A killed one is missed for a while: one in a round of each few, and in one of the short form.
		how=$((RANDOM % 3 + 1))
		[ "$2$first" != 11 ] || how=0
		first=0
		get r1 --timeout 20
		sleep "0.$((RANDOM % 10))"
		case $how in
		0) net_stop KILL "${PID[r1]}" 2>/dev/null; KILLED=$((KILLED + 1)) ;;
		1) net_stop INT "${PID[r1]}" ;;
		*) ended r1 60 ;;
		esac
		# Whoever was told to go may have been done, or not have begun.
		case $how:$STATUS in
		0:* | 1:130 | 1:0 | [23]:0) ;;
		*) GUESTS[$STATUS]=$((${GUESTS[$STATUS]:-0} + 1)) ;;
		esac
		rm -f "$NET_DIR/r1/disk.img"
	done
}

# One round, and what everybody has at its end in AT["NAME N"].
run_round() {
	local n=$1 name

	for name in "${SOAKERS[@]}"; do
		echo "$ROUND_S" >&"${TO[$name]}"
	done
	guests $((SECONDS + ROUND_S)) $((SECONDS_WANTED >= 120 ? n % 4 == 0 : n == 3))
	for name in "${SOAKERS[@]}"; do
		check "round $n: $name comes to its end" net_until 120 round_is_over "$name" "$n"
	done
	# Who was killed is forgotten after a while.
	check "round $n: every session is closed then" net_until 90 no_session_is_open
	AT["wdscast $n"]="$(measure "$SERVER") $(held wdscast)"
	for name in "${SOAKERS[@]}"; do
		AT["$name $n"]="$(measure "${SOAKER[$name]}") $(held $name)"
	done
}

# level NAME: at the end as at the end of the second round. The kernel makes huge pages of small ones when it has the
# time, and fills them up: two of those are no leak.
level() {
	local first last

	read -ra first <<<"${AT["$1 2"]}"
	read -ra last <<<"${AT["$1 $ROUNDS"]}"
	echo "$1: ${first[*]}, $((ROUNDS - 2)) rounds later ${last[*]} (KiB, KiB in huge pages, threads, handles, slots, buffers)"
	check "$1: memory is level" test "$((last[0] - first[0]))" -le 1024 -a "$((last[1] - first[1]))" -le 4096
	check_equal "$1: threads are level" "${first[2]}" "${last[2]}"
	check_equal "$1: handles are level" "${first[3]}" "${last[3]}"
	check_equal "$1: no slot is kept" "0 0" "${first[4]} ${last[4]}"
	check "$1: buffers are level" test "${last[5]}" -le $((first[5] + 16))
}

declare -a GUESTS=()
KILLED=0
faults_begin $SIZE r1 "${SOAKERS[@]}"
lab_slow_wire 300mbit
PORT=af_packet
serve --json --linger 1 --cache 4M
soaker s1 af_packet disk.img
soaker s2 kernel disk.img
soaker s3 af_packet other.img
for ((n = 1; n <= ROUNDS || SECONDS < SECONDS_WANTED; n++)); do
	run_round $n
done
ROUNDS=$((n - 1))
for name in wdscast "${SOAKERS[@]}"; do
	level $name
done
for name in "${SOAKERS[@]}"; do
	check_equal "$name: no session failed, and no byte was wrong" "" "$(grep -v ' 0 failed;' "$NET_DIR/$name.log"; grep -v 'huge pages\|^$' "$NET_DIR/$name.log.err")"
	check "$name: whole transfers were among them" grep -qE ': [1-9][0-9]* whole' "$NET_DIR/$name.log"
	echo 0 >&"${TO[$name]}"
	net_wait "${SOAKER[$name]}" 10
	check_equal "$name: it ends with 0" 0 "$STATUS"
done
check_equal "guests that were left alone have ended with 0, those told to go with 130, or 0 when they were done" "" "${!GUESTS[*]}"
check "a guest was killed" test $KILLED -ge 1
get r1
has_image r1 "after all that" 60
serverless "soak"
faults_end
