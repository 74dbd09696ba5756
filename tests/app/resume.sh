#!/bin/bash
# wdsget --resume: one transfer killed at 20 random moments; and journals that must not be believed.
. "$(dirname "$0")/lab.sh"
SIZE=$((56 << 20)) KILLS=20 CACHE=$((256 << 10))
RANDOM=${SEED:=$$}
echo "SEED=$SEED"

# Killed by SIGKILL; what DPDK then leaves of it goes too. What it wrote until then is added to WRITTEN.
WRITTEN=0
killed() {
	local pid=${PID[$1]} n

	kill -STOP "$pid" 2>/dev/null
	# What went by write() and what by io_uring: the former counts in both.
	n=$(awk '/^(wchar|write_bytes)/ && $2 > n { n = $2 } END { print n + 0 }' "/proc/$pid/io" 2>/dev/null)
	WRITTEN=$((WRITTEN + ${n:-0}))
	net_stop KILL "$pid"
	rm -rf "/run/dpdk/wdscast-$pid"
}

# Killed at some moment of this many thousandths of a second, wherever it is then.
killed_within() {
	local after=$((RANDOM % $2))

	sleep "$((after / 1000)).$(printf %03d $((after % 1000)))"
	killed "$1"
}

journal_bytes() {
	stat -c %s "$(journal "$1")" 2>/dev/null || echo 0
}
# Has NAME written something down since its journal had this many bytes?
gets_on() {
	[ "$(journal_bytes "$1")" -gt "$2" ]
}

# Does the last run tell of at least so many bytes that were there before?
went_on_from() {
	[ "$(member "$1" resumed_bytes)" -ge "$2" ]
}

part() {
	echo "$NET_DIR/$1/.disk.img.wdsget-part"
}
journal() {
	echo "$NET_DIR/$1/.disk.img.wdsget-journal"
}

# interrupted NAME [options]: a transfer on its way, killed after some megabytes.
interrupted() {
	local name=$1

	rm -rf "${NET_DIR:?}/$name"
	get "$@" --resume
	net_until 30 has_bytes "$name" $((SIZE / 8))
	killed "$name"
	rm -f "$NET_DIR/$name.log"
}

# whole NAME "case": the run ends with 0, with the right bytes, and leaves nothing beside the file.
whole() {
	ended "$1" 90
	check_equal "$2: ends with 0" 0 "$STATUS"
	check_equal "$2: the bytes are right" "$DIGEST" "$(digest "$NET_DIR/$1/disk.img")"
	check_equal "$2: nothing is left beside the file" 1 "$(files_of "$1")"
}

# refused NAME TEXT "case": the run fails, says why, and touches nothing.
refused() {
	local before

	before=$(sha256sum "$(part "$1")" "$(journal "$1")")
	get "$1" --resume
	ended "$1" 30
	check_equal "$3: ends with 1" 1 "$STATUS"
	check "$3: says why" error_says "$1" "$2"
	check_equal "$3: nothing was touched" "$before" "$(sha256sum "$(part "$1")" "$(journal "$1")")"
}

lab_begin $SIZE r1 r2
lab_slow_wire 24mbit
serve

# ---- killed at 20 random moments: most while blocks come, some before ----
for i in $(seq $KILLS); do
	before=$(journal_bytes r1)
	get r1 --resume --cache $CACHE
	if [ $((i % 4)) = 0 ]; then
		killed_within r1 1500
	else
		net_until 30 gets_on r1 "$before"
		killed_within r1 600
	fi
	check_equal "kill $i: it was still at work" 137 "$STATUS"
	check_equal "kill $i: nothing has the final name" "" "$(find "$NET_DIR/r1" -name disk.img)"
done
before=$(awk '/^[+]/ { n += $3 - $2 } END { print n }' "$(journal r1)")
lab_slow_wire 400mbit
get r1 --resume --sha256 "$DIGEST" --stats
whole r1 "after $KILLS kills"
check_equal "the last run went on from all that was there" "$before" "$(member r1 resumed_bytes)"
fetched=$((WRITTEN + KILLS * CACHE + $(grep -o '"session":{"blocks":[0-9]*,"bytes":[0-9]*' "$NET_DIR/r1.log" | grep -o '[0-9]*$')))
check "fetched, with all that the killed may have had in memory, is less than 1.2 times the file: $fetched of $SIZE bytes" \
	test $((fetched * 10)) -lt $((SIZE * 12))

# ---- what is on the server is not what it was ----
lab_slow_wire 100mbit
interrupted r2
URL_OF=wds://$SERVER_IP/images/other.img
cp "$ROOT/images/disk.img" "$ROOT/images/other.img"
refused r2 "disk\.img-?.* is of images disk\.img" "a journal of another object"
unset URL_OF

(tac "$ROOT/images/disk.img" 2>/dev/null | head -c $SIZE; head -c $SIZE /dev/zero) | head -c $SIZE >"$ROOT/images/new"
mv "$ROOT/images/new" "$ROOT/images/disk.img"
was=$DIGEST DIGEST=$(digest "$ROOT/images/disk.img")
check "there is another content of that size now" test "$was" != "$DIGEST"
get r2 --resume
whole r2 "replaced by another of the same size"
check "replaced by another of the same size: it says so" error_says r2 "replaced or changed on the server"

interrupted r2
touch -r "$ROOT/images/disk.img" "$NET_DIR/time"
printf 'X' | dd of="$ROOT/images/disk.img" bs=1 conv=notrunc 2>/dev/null
touch -r "$NET_DIR/time" "$ROOT/images/disk.img"
DIGEST=$(digest "$ROOT/images/disk.img")
get r2 --resume
whole r2 "changed in place, its modification time set back"

interrupted r2 --sha256 "$was"
sed -i 's/"stamp":"[0-9a-f]*"/"stamp":""/' "$(journal r2)"
get r2 --resume
whole r2 "a journal that somebody wrote in"
check "a journal that somebody wrote in: it is not believed" error_says r2 "cannot be read"

# Interrupted by Ctrl-C, or left by the server: what came is kept, whoever is to blame.
get r2 --resume
net_until 30 has_bytes r2 $((SIZE / 8))
net_stop INT "${PID[r2]}" 10
check_equal "Ctrl-C ends it with 130" 130 "$STATUS"
check "... and keeps what came" test -s "$(journal r2)"
net_stop KILL "$SERVER"
rm -rf "/run/dpdk/wdscast-$SERVER"
serve
get r2 --resume
whole r2 "from a server that was started again"
check "from a server that was started again: it went on" test "$(member r2 resumed_bytes)" -gt 0
get r1 --resume --sha256 "$was"
ended r1 60
check_equal "a digest that differs is a failure" 1 "$STATUS"
check_equal "... and nothing of it is kept" 1 "$(files_of r1)"
net_stop TERM "$SERVER" 5
lab_end
