#!/bin/bash
# What can go wrong before a transfer: a clear line of error, the right exit code, and no file.
. "$(dirname "$0")/lab.sh"
SIZE=$((8 << 20))

# refused NAME CODE TEXT "case": how the run started by get NAME must have ended.
refused() {
	ended "$1" 20
	check_equal "$4: exit code" "$2" "$STATUS"
	check_equal "$4: one line" 1 "$(error_lines "$1")"
	check "$4: it says why" error_says "$1" "$3"
	check_equal "$4: no file" 0 "$(files_of "$1")"
}

lab_begin $SIZE r1
serve
sleep 1

URL_OF=wds://$SERVER_IP/nowhere/disk.img get r1
refused r1 1 "namespace" "wrong namespace"
URL_OF=wds://$SERVER_IP/images/nothing.img get r1
refused r1 1 "content|object|nothing\.img" "wrong object"
URL_OF=wds://$SERVER_IP/images/../../etc/passwd get r1
refused r1 1 "content|object|namespace" "an object outside of the root"
URL_OF=wds://10.99.0.77/images/disk.img get r1 --timeout 3
refused r1 1 "10\.99\.0\.77|answer|time|reach" "unreachable server"
URL_OF=nonsense get r1
refused r1 2 "nonsense|wds://" "no URL"

PORT=af_packet get r1 --port af_packet:nope0
refused r1 3 "nope0" "interface that does not exist"

net_start r1 "$NET_DIR/r1.log" setpriv --reuid 65534 --regid 65534 --clear-groups \
	"$WDSGET" "$URL" --port af_packet:eth0 -o /tmp/wds-nobody.img
PID[r1]=$STARTED
refused r1 3 "permission|privilege|root|CAP_NET_RAW" "no permission for the port"

net_tmpfs full 4M
get r1 -o "$NET_DIR/full/disk.img"
refused r1 1 "space|full" "a disk that is too small"
check_equal "a disk that is too small: nothing on it" 0 "$(find "$NET_DIR/full" -type f | wc -l)"

net_tmpfs readonly 16M
echo old >"$NET_DIR/readonly/disk.img"
mount -o remount,ro "$NET_DIR/readonly"
get r1 -o "$NET_DIR/readonly/disk.img"
refused r1 3 "read-only|permission|write" "an existing target that cannot be written"
check_equal "an existing target that cannot be written: it is as it was" old "$(cat "$NET_DIR/readonly/disk.img")"

mkdir -p "$NET_DIR/r1"
get r1 -o "$NET_DIR/no/such/folder/disk.img"
refused r1 3 "no/such|directory" "a folder that does not exist"

net_start_here "$NET_DIR/first.log" "$WDSCAST" --root "$ROOT" --port "memif:$NET_DIR/memif.sock,server" --ip 10.98.0.1/24
first=$STARTED
net_until 10 test -S "$NET_DIR/memif.sock"
net_start_here "$NET_DIR/r1.log" "$WDSCAST" --root "$ROOT" --port "memif:$NET_DIR/memif.sock,server" --ip 10.98.0.1/24
PID[r1]=$STARTED
refused r1 3 "memif|in use|taken" "memif socket in use"
net_stop TERM $first
check_equal "the first owner of the memif socket was not disturbed" 0 "$STATUS"
check "... and removed its socket" test ! -e "$NET_DIR/memif.sock"

net_start_here "$NET_DIR/r1.log" "$WDSCAST" --root "$NET_DIR/no-such-root" --port af_packet:lo
PID[r1]=$STARTED
refused r1 3 "no-such-root" "wdscast: root that does not exist"
net_start_here "$NET_DIR/r1.log" "$WDSCAST" --port af_packet:lo
PID[r1]=$STARTED
ended r1 5
check_equal "wdscast: no root is a usage error" 2 "$STATUS"

CASES_LOGS=("$SERVER_LOG" "$SERVER_LOG.err")
get r1
ended r1 30
check_equal "after all this the server still serves" "$DIGEST" "$(digest "$NET_DIR/r1/disk.img")"
net_stop TERM "$SERVER" 5
check_equal "the server stops cleanly" 0 "$STATUS"
lab_end
