# A lab for the end-to-end tests: a server and receivers on a switch, an image, and both programs.
# Sourced by the tests beside it, which get SOURCE and BUILD as arguments.
set -u
SOURCE=$1 BUILD=$2
. "$SOURCE/tests/support/netns.sh"
. "$SOURCE/tests/support/cases.sh"

WDSCAST=$BUILD/app/wdscast
WDSGET=$BUILD/app/wdsget
SERVER_IP=10.99.0.1
URL=wds://$SERVER_IP/images/disk.img

# Skipped, and said so, where the machine cannot have namespaces.
[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
command -v ip >/dev/null || { echo "needs iproute2"; exit 77; }

# What programs could leave on the machine, but for what a living process, not of this lab, has there.
lab_litter() {
	local path pid

	for path in /dev/hugepages/rtemap* /run/dpdk/wdscast* /tmp/dpdk* /dev/shm/wdscast*; do
		pid=${path##*-}
		[ ! -e "$path" ] || { [[ $pid =~ ^[0-9]+$ ]] && kill -0 "$pid" 2>/dev/null; } || echo "$path"
	done | sort
}

lab_left_behind() {
	comm -13 <(echo "$LITTER") <(lab_litter)
}

# lab_begin IMAGE_BYTES RECEIVERS...: network, hosts srv and the receivers named, root/images/disk.img.
lab_begin() {
	local size=$1 name i=10

	shift
	LITTER=$(lab_litter)
	net_begin
	net_switch || exit 1
	net_host srv $SERVER_IP || exit 1
	for name in "$@"; do
		i=$((i + 1))
		net_host "$name" "10.99.0.$i" || exit 1
	done
	ROOT=$NET_DIR/root
	mkdir -p "$ROOT/images"
	net_real_file "$ROOT/images/disk.img" "$size" || exit 1
	DIGEST=$(digest "$ROOT/images/disk.img")
}

digest() {
	sha256sum "$1" 2>/dev/null | cut -d' ' -f1
}

# A slow wire, so that something can happen in mid-transfer: lab_slow_wire 100mbit
lab_slow_wire() {
	net_run srv tc qdisc replace dev eth0 root tbf rate "$1" burst 32k limit 400k
}

# serve [options]: sets SERVER; its lines are in SERVER_LOG.
serve() {
	SERVER_LOG=$NET_DIR/server.log
	net_start srv "$SERVER_LOG" "$WDSCAST" --root "$ROOT" --port "${PORT:-af_packet}:eth0" "$@"
	SERVER=$STARTED
	CASES_LOGS=("$SERVER_LOG" "$SERVER_LOG.err")
}

# get NAME [options]: in the background, into NET_DIR/NAME/disk.img unless -o is among the options.
# Its process id is in PID[NAME], what it prints in log NAME.log and NAME.log.err.
declare -A PID=()
get() {
	local name=$1 to=()

	shift
	mkdir -p "$NET_DIR/$name"
	[[ " $* " == *" -o "* ]] || to=(-o "$NET_DIR/$name/disk.img")
	net_start "$name" "$NET_DIR/$name.log" "$WDSGET" "${URL_OF:-$URL}" --port "${PORT:-af_packet}:eth0" --json "${to[@]}" "$@"
	PID[$name]=$STARTED
	CASES_LOGS=("$SERVER_LOG" "$SERVER_LOG.err" "$NET_DIR/$name.log" "$NET_DIR/$name.log.err")
}

# The value of a member in the last JSON line that has it: member NAME KEY
member() {
	grep -oE "\"$2\": *[^,}]+" "$NET_DIR/$1.log" | tail -1 | sed -E 's/^[^:]*: *//; s/^"(.*)"$/\1/'
}

# Has NAME received this many bytes?
has_bytes() {
	[ "$(member "$1" bytes)" -ge "$2" ] 2>/dev/null
}

# The exit code of NAME within so many seconds, in STATUS; 124: it took longer.
ended() {
	net_wait "${PID[$1]}" "$2"
}

# crosses WHAT NAME: NAME has the whole file in time. Its directory is made empty again.
crosses() {
	ended "$2" 60
	check_equal "$1: it ends with 0" 0 "$STATUS"
	check_equal "$1: the file is right" "$DIGEST" "$(digest "$NET_DIR/$2/disk.img")"
	rm -rf "${NET_DIR:?}/$2"
}

stop_server() {
	net_stop TERM "$SERVER" 10
	check_equal "$1: the server ends with 0" 0 "$STATUS"
}

server_says() {
	grep -qiE -- "$1" "$SERVER_LOG" "$SERVER_LOG.err"
}

# One line of error and no more: error_lines NAME
error_lines() {
	grep -c . "$NET_DIR/$1.log.err"
}

error_says() {
	grep -qiE -- "$2" "$NET_DIR/$1.log.err"
}

# Files below a receiver's directory.
files_of() {
	find "$NET_DIR/$1" -type f | wc -l
}

nothing_runs() {
	[ -z "$(net_processes)" ]
}

lab_end() {
	check "no process is left in the lab" net_until 2 nothing_runs
	check_equal "nothing is left on the machine" "" "$(lab_left_behind)"
	net_end
	cases_end
}
