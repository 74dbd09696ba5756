#!/bin/bash
# What is served is cut off, written to, replaced or deleted meanwhile: an error, never mixed content. Arguments: SOURCE BUILD
. "$(dirname "$0")/faults.sh"
SIZE=$((24 << 20))

cut_off() { truncate -s $((SIZE / 2)) "$1"; }
made_longer() { cat "$ROOT/images/other.img" >>"$1"; }
written_to() { dd if="$ROOT/images/other.img" of="$1" conv=notrunc status=none; }
# As cp -p and rsync do: the time says nothing.
written_to_with_its_old_time() {
	touch -r "$1" "$NET_DIR/disk-time"
	written_to "$1"
	touch -r "$NET_DIR/disk-time" "$1"
}
replaced() { cp "$ROOT/images/other.img" "$ROOT/images/new" && mv "$ROOT/images/new" "$1"; }

deleted() { rm "$1"; }

# spoil HOW: while two receivers are in mid-transfer. Then the new content, if there is one, is what everybody gets.
spoil() {
	local how=$1 what="an image that is ${1//_/ }" name new

	cp "$NET_DIR/disk-good" "$ROOT/images/disk.img"
	for name in r1 r2; do
		get $name
	done
	for name in r1 r2; do
		net_until 20 has_bytes $name 1
	done
	$how "$ROOT/images/disk.img"
	for name in r1 r2; do
		has_failed $name "$what" 45 "removed"
	done
	check "$what: the server says so" net_until 5 server_says "disk\.img.*(changed|spoilt)"
	spotless "$what"
	new=$(digest "$ROOT/images/disk.img")
	get r1
	if [ -z "$new" ]; then
		has_failed r1 "$what, and the next one" 20 "no such object"
		return
	fi
	ended r1 60
	check_equal "$what: the next receiver ends with 0" 0 "$STATUS"
	check_equal "$what: ... and has what is there now" "$new" "$(digest "$NET_DIR/r1/disk.img")"
	rm -f "$NET_DIR/r1/disk.img"
}

faults_begin $SIZE r1 r2
cp "$ROOT/images/disk.img" "$NET_DIR/disk-good"
lab_slow_wire 60mbit
serve --cache 256K # so that it is read all the time
for how in cut_off made_longer written_to written_to_with_its_old_time replaced deleted; do
	spoil $how
done
serverless "spoilt images"
faults_end
