#!/bin/bash
# Exit code 0 means the right bytes: of one content that the server had, whole, however clients come back and files
# are exchanged under one name. Arguments: SOURCE BUILD
. "$(dirname "$0")/lab.sh"
SIZE=$((16 << 20))
IMAGE=root/images/disk.img

# Another content under the name, by rename: put BYTES SEED. It is one of those that count from now on.
CONTENTS=""
put() {
	openssl enc -aes-128-ctr -K "$(printf %032d "$2")" -iv 0 -in /dev/zero 2>/dev/null | head -c "$1" >"$NET_DIR/new"
	mv "$NET_DIR/new" "$NET_DIR/$IMAGE"
	DIGEST=$(digest "$NET_DIR/$IMAGE")
	CONTENTS="$CONTENTS $DIGEST"
}

# honest NAME "case": it ended with 0 and one of the contents, or not with 0 and without a file.
honest() {
	local has

	ended "$1" 60
	has=$(digest "$NET_DIR/$1/disk.img")
	if [ "$STATUS" = 0 ]; then
		check "$2: done, and one of the contents" grep -qw -- "${has:-none}" <<<"$CONTENTS"
	else
		check_equal "$2: failed ($STATUS), and no file" 0 "$(files_of "$1")"
	fi
}

# now NAME "case": what it gets is what is there now.
now() {
	rm -rf "${NET_DIR:?}/$1"
	get "$1"
	ended "$1" 60
	check_equal "$2: ends with 0" 0 "$STATUS"
	check_equal "$2: has what is there now" "$DIGEST" "$(digest "$NET_DIR/$1/disk.img")"
}

lab_begin $SIZE r1 r2
CONTENTS=$DIGEST
lab_slow_wire 40mbit
serve

# A client that is started again, at once, at its address: three times.
for again in 1 2 3; do
	get r1
	net_until 30 has_bytes r1 $((SIZE / 8))
	net_stop KILL "${PID[r1]}"
	rm -rf "/run/dpdk/wdscast-${PID[r1]}" "${NET_DIR:?}/r1"
done
now r1 "a client that was started again"

# Exchanged between two joins: by one of the same size, a shorter, a longer.
seed=0
for size in $SIZE $((SIZE - 1401 * 7)) $((SIZE + 1)); do
	seed=$((seed + 1))
	rm -rf "${NET_DIR:?}"/r[12]
	get r1
	net_until 30 has_bytes r1 $((SIZE / 8))
	put $size $seed
	get r2
	honest r1 "exchanged for $size bytes: who was there before"
	honest r2 "exchanged for $size bytes: who came after"
	now r2 "exchanged for $size bytes: who comes later"
done

# Two contents in turn, each known by now: nobody gets a mixture, and who comes a second later not even the other's.
cp "$NET_DIR/$IMAGE" "$NET_DIR/a"
first=$DIGEST
put $SIZE 9
cp "$NET_DIR/$IMAGE" "$NET_DIR/b"
second=$DIGEST
net_run srv tc qdisc del dev eth0 root
for turn in 1 2; do
	cp "$NET_DIR/a" "$NET_DIR/new" && mv "$NET_DIR/new" "$NET_DIR/$IMAGE"
	rm -rf "${NET_DIR:?}"/r[12]
	get r1 # at once: the answer about the name may be an old one
	get r2
	honest r1 "the first in turn $turn, at once"
	honest r2 "the first in turn $turn, at once"
	rm -rf "${NET_DIR:?}"/r[12]
	sleep 1.2 # so long it may
	DIGEST=$first
	now r1 "the first in turn $turn"
	cp "$NET_DIR/b" "$NET_DIR/new" && mv "$NET_DIR/new" "$NET_DIR/$IMAGE"
	rm -rf "${NET_DIR:?}"/r[12]
	get r1
	get r2
	honest r1 "the second in turn $turn, at once"
	honest r2 "the second in turn $turn, at once"
	rm -rf "${NET_DIR:?}"/r[12]
	sleep 1.2
	DIGEST=$second
	now r1 "the second in turn $turn"
done

# Written over in place while it is sent, its time set back.
lab_slow_wire 40mbit
rm -rf "${NET_DIR:?}/r1"
get r1
net_until 30 has_bytes r1 $((SIZE / 8))
touch -r "$NET_DIR/$IMAGE" "$NET_DIR/time"
dd if="$NET_DIR/a" of="$NET_DIR/$IMAGE" bs=1M conv=notrunc 2>/dev/null
touch -r "$NET_DIR/time" "$NET_DIR/$IMAGE"
honest r1 "written over in place"

# What a client believes of a server is checked: the same with a digest that belongs to another content.
rm -rf "${NET_DIR:?}/r2"
get r2 --sha256 "$(printf %064d 5)"
ended r2 60
check_equal "a digest of another content: ends with 1" 1 "$STATUS"
check_equal "a digest of another content: no file" 0 "$(files_of r2)"
net_stop TERM "$SERVER" 5
lab_end
