#!/bin/bash
# Out of file handles, and out of huge pages. Arguments: SOURCE BUILD
. "$(dirname "$0")/faults.sh"
SIZE=$((8 << 20))

# get_limited N: a receiver that may open N files.
get_limited() {
	mkdir -p "$NET_DIR/r1"
	net_start r1 "$NET_DIR/r1.log" prlimit --nofile="$1:" "$WDSGET" "$URL" --port "$PORT:eth0" --json \
		-o "$NET_DIR/r1/disk.img"
	PID[r1]=$STARTED
}

# With each number of handles, from what a program gets at its start to enough: it has the image, or says why not.
receiver_without_handles() {
	local handles what enough=0

	for ((handles = 3; handles <= 60; handles += $(short_or_long 4 1))); do
		what="a receiver on $PORT with $handles handles"
		get_limited $handles
		ended r1 60
		if [ "$STATUS" = 0 ]; then
			check_equal "$what has the image" "$DIGEST" "$(digest "$NET_DIR/r1/disk.img")"
			rm -f "$NET_DIR/r1/disk.img"
			enough=1
		else
			check "$what ends with 1 or 3, not $STATUS" test "$STATUS" = 1 -o "$STATUS" = 3 -o "$STATUS" = 127
			check "$what says why" test "$(error_lines r1)" -ge 1
			check_equal "$what keeps no file" 0 "$(files_of r1)"
		fi
	done
	check "... with most of them it has" test "$enough" = 1
	spotless "a receiver on $PORT without handles"
}

# serve_limited N: a server that may open N files.
serve_limited() {
	SERVER_LOG=$NET_DIR/server.log
	net_start srv "$SERVER_LOG" prlimit --nofile="$1:" "$WDSCAST" --root "$ROOT" --port "$PORT:eth0"
	SERVER=$STARTED
}

serves_or_ends() {
	server_says serving || ! kill -0 "$SERVER" 2>/dev/null
}

# The same of the server: it serves, and ends with 0 when it is told to; or it says why not.
server_starts_without_handles() {
	local handles what enough=0 refused=0

	for ((handles = 3; handles <= 60; handles += $(short_or_long 8 1))); do
		what="a server on $PORT with $handles handles"
		serve_limited $handles
		check "$what serves or ends" net_until 20 serves_or_ends
		if kill -0 "$SERVER" 2>/dev/null; then
			net_stop TERM "$SERVER" 10
			check_equal "$what serves, and ends with 0" 0 "$STATUS"
			enough=1
		else
			net_wait "$SERVER" 1
			check "$what ends with 3, or is not even loaded: $STATUS" test "$STATUS" = 3 -o "$STATUS" = 127
			check "$what says why" grep -q . "$SERVER_LOG.err"
			refused=1
		fi
	done
	check "... with most of them it serves, with the fewest not" test "$enough$refused" = 11
	spotless "a server on $PORT without handles at its start"
}

handles_of() {
	ls "/proc/$1/fd" | wc -l
}

# The server has no handle left for one more file: that request is refused, and others go on.
server_without_handles() {
	local what="a server without handles"

	serve
	net_until 10 server_says serving
	lab_slow_wire 100mbit
	get r1
	net_until 20 has_bytes r1 1
	prlimit --pid "$SERVER" --nofile="$(handles_of "$SERVER"):"
	URL_OF=wds://$SERVER_IP/images/other.img get r2
	has_failed r2 "$what" 30 "resource"
	has_image r1 "$what" 60
	prlimit --pid "$SERVER" --nofile=1024:
	still_serves "$what" r2
	net_run srv tc qdisc del dev eth0 root
	serverless "$what"
}

# get_through WHAT: server and receiver run, and the image crosses.
get_through() {
	serve --cache 8M
	get r1 --cache 8M
	has_image r1 "$1" 60
	net_stop TERM "$SERVER" 10
	check_equal "$1: the server stops with 0" 0 "$STATUS"
}

LITTLE="huge pages.*ordinary memory"
say_so() {
	check "$1: the server says that it has none" grep -q "$LITTLE" "$SERVER_LOG.err"
	check "$1: the receiver says that it has none" grep -q "$LITTLE" "$NET_DIR/r1.log"
}

say_nothing() {
	check_equal "$1: nobody says that there are too few" "" "$(grep -h "$LITTLE" "$SERVER_LOG.err" "$NET_DIR/r1.log")"
}

# Huge pages that somebody else takes: programs go on with ordinary memory, and say so.
few_pages() {
	local pages

	if ! pages_more 80; then
		echo "no huge pages can be had here: only the way without any is tried"
		get_through "without huge pages"
		say_so "without huge pages"
		spotless "without huge pages"
		return
	fi
	get_through "with enough huge pages"
	say_nothing "with enough huge pages"
	spotless "with enough huge pages"
	# Enough for the receiver's or the server's start alone; then for neither.
	for pages in 40 20 1 0; do
		pages_more $pages
		get_through "with $pages huge pages more than are in use"
		[ $pages -gt 1 ] || say_so "with $pages huge pages more than are in use"
	done
	pages_end
	spotless "with few huge pages"
}

faults_begin $SIZE r1 r2
pages_begin
serve
for PORT in af_packet kernel; do
	receiver_without_handles
done
net_stop TERM "$SERVER" 10
for PORT in af_packet kernel; do
	server_starts_without_handles
done
PORT=af_packet
server_without_handles
few_pages
faults_end
