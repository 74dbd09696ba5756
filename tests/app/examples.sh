#!/bin/bash
# The two example consumers fetch a file from wdscast, each on a machine of its own. Arguments: SOURCE BUILD
set -u
. "$1/tests/support/cases.sh"
. "$1/tests/support/netns.sh"
BUILD=$(realpath "$2")
net_begin
trap net_end EXIT
CASES_LOGS=("$NET_DIR"/{server.log,server.log.err,out,err})

net_switch && net_host srv 10.99.0.1 && net_host r1 10.99.0.11 && net_host r2 10.99.0.12 || exit 3
mkdir -p "$NET_DIR/root/images"
net_real_file "$NET_DIR/root/images/a.img" 20000001
: >"$NET_DIR/root/images/empty"
net_start srv "$NET_DIR/server.log" "$BUILD/app/wdscast" --root "$NET_DIR/root" --port af_packet:eth0
net_until 10 grep -qs serving "$NET_DIR/server.log" || { cat "$NET_DIR"/server.log*; exit 3; }

# fetch PROGRAM OBJECT FILE: sets CODE; what it prints is in out and err.
fetch() {
	net_run "$HOST" env WDSCAST_PORT=af_packet:eth0 WDSCAST_INITIATE_TIMEOUT=5 timeout 60 \
		"$BUILD/app/examples/$1" "${SERVER:-10.99.0.1}" images "$2" "$3" >"$NET_DIR/out" 2>"$NET_DIR/err"
	CODE=$?
}

HOST=r1
for program in consumer async_consumer; do
	fetch $program a.img "$NET_DIR/got"
	check_equal "$program ends with 0" 0 "$CODE"
	check "$program has every byte" cmp -s "$NET_DIR/root/images/a.img" "$NET_DIR/got"
	check "$program tells the size" grep -q '^start: 20000001 bytes' "$NET_DIR/out"
	check "$program tells the result" grep -q '^result: 0x00000000, ' "$NET_DIR/out"
	check "$program tells the seconds" grep -qE ', [0-9]+\.[0-9]{3} seconds$' "$NET_DIR/out"

	fetch $program empty "$NET_DIR/got"
	check_equal "$program takes an empty object" "0 0" "$CODE $(stat -c %s "$NET_DIR/got")"
	fetch $program none "$NET_DIR/got"
	check_equal "$program fails when there is no such object" 1 "$CODE"
	check "$program says that there is none" grep -qi 'no such object' "$NET_DIR/err"
	SERVER=10.99.0.99 fetch $program a.img "$NET_DIR/got"
	check_equal "$program fails when no server answers" 1 "$CODE"
	check "$program: the code is ERROR_TIMEOUT" grep -q '^result: 0x000005B4' "$NET_DIR/out"
	fetch $program a.img /dev/full
	check_equal "$program fails when the disk is full" 1 "$CODE"
	check "$program says so" grep -q 'cannot write: No space left' "$NET_DIR/err"
	check "$program ends as cancelled then" grep -q '^complete: 0x000004C7' "$NET_DIR/out"
done

# Both at once, on two machines, from one session of the server.
HOST=r1
fetch consumer a.img "$NET_DIR/got1" &
first=$!
net_run r2 env WDSCAST_PORT=af_packet:eth0 timeout 60 "$BUILD/app/examples/async_consumer" 10.99.0.1 images a.img \
	"$NET_DIR/got2" >/dev/null
wait $first
check "both at once: the first has every byte" cmp -s "$NET_DIR/root/images/a.img" "$NET_DIR/got1"
check "both at once: the second has every byte" cmp -s "$NET_DIR/root/images/a.img" "$NET_DIR/got2"
cases_end
