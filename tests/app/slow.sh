#!/bin/bash
# One receiver behind a slow link: kept, moved to a slower stream, sent away. Arguments: SOURCE BUILD
. "$(dirname "$0")/lab.sh"
SIZE=$((48 << 20))

stop_server() {
	net_stop TERM "$SERVER" 10
	check_equal "$1: the server ends with 0" 0 "$STATUS"
}

# has_file WHAT NAME
has_file() {
	ended "$2" 90
	check_equal "$1: $2 ends with 0" 0 "$STATUS"
	check_equal "$1: $2 has the file" "$DIGEST" "$(digest "$NET_DIR/$2/disk.img")"
	rm -rf "${NET_DIR:?}/$2"
}

# all_get [server's options]: the three of them, from a new server. The fast ones are done soon, so the slow one
# must not be the last to come.
all_get() {
	serve --json "$@"
	get slow
	net_until 30 server_says '"joined".*10\.99\.0\.13'
	get fast1
	get fast2
}

lab_begin $SIZE fast1 fast2 slow
net_run sw tc qdisc replace dev slow root tbf rate 100mbit burst 32k limit 700k
PORT=kernel

all_get
for name in fast1 fast2 slow; do
	has_file kept $name
done
check "kept: there is one session" test "$(grep -c '"opened"' "$SERVER_LOG")" = 1
stop_server kept

all_get --slow demote --slow-threshold 16000
for name in fast1 fast2 slow; do
	has_file demoted $name
done
check "demoted: the server says so" server_says '"demoted".*10\.99\.0\.13'
check "demoted: there is a slower stream" server_says '"opened".*"stream":1'
stop_server demoted

all_get --slow kick --slow-threshold 16000
ended slow 90
check_equal "kicked: the slow one ends with 1" 1 "$STATUS"
check "... and says why" error_says slow "policy"
check_equal "... and leaves nothing" 0 "$(files_of slow)"
has_file kicked fast1
has_file kicked fast2
stop_server kicked
lab_end
