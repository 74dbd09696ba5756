# What the tests of real faults share: the lab of tests/app, and one look at all that a fault could have left
# or spoilt, taken after each. Sourced; the short form is for every run, WDSCAST_LONG=1 asks for the long one.
. "$(dirname "$0")/../app/lab.sh"

LONG=${WDSCAST_LONG:-0}

# short_or_long SHORT LONG: the one that is asked for.
short_or_long() {
	[ "$LONG" = 0 ] && echo "$1" || echo "$2"
}

# Huge pages of 2 MiB that are in use and of no living process: a leak. Others may use some meanwhile.
faults_lost_pages() {
	local at=/sys/kernel/mm/hugepages/hugepages-2048kB used of_processes

	[ -e $at ] || return 0
	used=$(($(cat $at/nr_hugepages) - $(cat $at/free_hugepages)))
	[ $used -gt 0 ] || return 0
	of_processes=$(cat /proc/[0-9]*/smaps_rollup 2>/dev/null | awk '/_Hugetlb:/ { sum += $2 } END { print int(sum / 2048) }')
	[ $used -le "$of_processes" ] || echo "$used in use, $of_processes by processes"
}

# Huge pages of our own, which go back whatever happens: pages_begin, then pages_more N; pages_end.
PAGES=/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages
pages_begin() {
	PAGES_BEFORE=$(cat $PAGES)
	trap 'pages_end; net_end' EXIT
}

# So many beside those that were there; false, and none: the machine has not got half of them.
pages_more() {
	echo $((PAGES_BEFORE + $1)) >$PAGES 2>/dev/null
	pages_free $(($1 / 2)) && return
	echo "$PAGES_BEFORE" >$PAGES 2>/dev/null
	return 1
}

pages_free() {
	[ "$(cat "${PAGES%nr_*}free_hugepages")" -ge "$1" ]
}

pages_end() {
	[ -z "${PAGES_BEFORE:-}" ] || echo "$PAGES_BEFORE" >$PAGES 2>/dev/null
}

faults_no_lost_pages() {
	[ -z "$(faults_lost_pages)" ]
}

faults_namespaces() {
	net_names | sort
}

# faults_begin IMAGE_BYTES RECEIVERS...: as lab_begin; a second image, of other content, is $ROOT/images/other.img.
faults_begin() {
	RECEIVERS=("${@:2}")
	lab_begin "$@"
	tr 'a-y' 'b-z' <"$ROOT/images/disk.img" >"$ROOT/images/other.img"
	NAMESPACES=$(faults_namespaces)
	SCRATCH=$(ls -A "$NET_DIR")
}

# Files of receivers that are not the whole image under its final name.
faults_wrong_files() {
	local name file

	for name in "${RECEIVERS[@]}"; do
		[ -d "$NET_DIR/$name" ] || continue
		find "$NET_DIR/$name" -type f | while read -r file; do
			[ "${file##*/}" = disk.img ] && [ "$(digest "$file")" = "$DIGEST" ] || echo "$file"
		done
	done
}

# Receivers that still run.
faults_receivers() {
	local name

	for name in "${RECEIVERS[@]}"; do
		ip netns pids "$NET-$name"
	done
}

faults_no_receivers() {
	[ -z "$(faults_receivers)" ]
}

# What nobody has made on purpose: sockets and files in the scratch directory but logs and receivers' folders.
faults_strange_files() {
	find "$NET_DIR" -type s
	ls -A "$NET_DIR" | grep -vxF -e "$SCRATCH" | grep -vE '\.(log|err)$' |
		grep -vxE "$(IFS='|'; echo "${RECEIVERS[*]}|disk-.*")"
}

# spotless WHAT: after a fault and its end, no wrong byte is anywhere and nothing is left behind but the server,
# if it is to be there still.
spotless() {
	check "$1: no receiver is left running" net_until 5 faults_no_receivers
	check_equal "$1: no wrong byte and no half file" "" "$(faults_wrong_files)"
	check_equal "$1: no socket and no other file" "" "$(faults_strange_files)"
	check_equal "$1: nothing on the machine" "" "$(lab_left_behind)"
	check "$1: every huge page is given back" net_until 10 faults_no_lost_pages
	check_equal "$1: the namespaces are those of before" "$NAMESPACES" "$(faults_namespaces)"
}

# The server is stopped first, for it has huge pages of its own.
serverless() {
	net_stop TERM "$SERVER" 10
	check_equal "$1: the server stops with 0" 0 "$STATUS"
	spotless "$1"
}

# has_image NAME WHAT SECONDS: it ends with 0 in that time and has the image; the file is removed.
has_image() {
	ended "$1" "$3"
	check_equal "$2: exit code of $1" 0 "$STATUS"
	check_equal "$2: what $1 has" "$DIGEST" "$(digest "$NET_DIR/$1/disk.img")"
	rm -f "$NET_DIR/$1/disk.img"
}

# has_failed NAME WHAT SECONDS TEXT [CODE]: it ends in that time with 1, or CODE, and says TEXT in one line.
has_failed() {
	ended "$1" "$3"
	check_equal "$2: exit code of $1" "${5:-1}" "$STATUS"
	check_equal "$2: one line from $1" 1 "$(error_lines "$1")"
	check "$2: $1 says why" error_says "$1" "$4"
	check_equal "$2: $1 keeps no file" 0 "$(files_of "$1")"
}

# The server is as good as new: a receiver gets the image. still_serves WHAT NAME
still_serves() {
	get "$2"
	has_image "$2" "$1, and then a transfer as always" 60
}

faults_end() {
	lab_end
}
