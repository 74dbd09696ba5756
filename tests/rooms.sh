#!/bin/bash
# rooms.sh SOURCE BUILD: includes between the rooms of lib/ point up the list of doc/architecture.md
# only, and the pure rooms have nothing of DPDK, threads, clocks, I/O, allocation (or, for the engine,
# globals) in them: their includes and their symbols are looked at.
set -u
SOURCE=$1 BUILD=$2
PASSED=0 FAILED=0

# A room, and whose headers it may include beside its own.
declare -A MAY=(
	[include]=""
	[base]="include"
	[net]="include base"
	[wire]="include base"
	[security]="include base wire"
	[engine]="include base wire security"
	[store]="include base"
	[host]="include base"
	[port]="include base host"
	[content]="include base host"
	[run]="include base net wire security engine store port host content"
	[api]="include base host run"
)
PURE="base net wire engine store"
PURE_HEADERS="arpa/inet.h assert.h inttypes.h limits.h math.h stdalign.h stdatomic.h stdbool.h stddef.h stdint.h string.h uchar.h"
IMPURE_SYMBOLS='rte_.*|pthread_.*|thrd_.*|mtx_.*|clock|clock_.*|gettimeofday|time|nanosleep|usleep|sleep|socket|send.*|recv.*|open|openat|fopen.*|read|write|printf|fprintf|fwrite|puts|perror|malloc|calloc|realloc|free|rand|srand|random|getenv'

# check NAME OFFENDERS: a case passes when there are no offenders.
check() {
	if [ -z "$2" ]; then
		PASSED=$((PASSED + 1))
		echo "ok   $1"
	else
		FAILED=$((FAILED + 1))
		printf 'FAIL %s\n%s\n' "$1" "$2"
	fi
}

# Includes of a room's files as "FILE WHAT"; what is <...> keeps its bracket.
includes() {
	grep -rHoE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"][^>"]+' "$SOURCE/lib/$1" |
		sed -E 's/:[[:space:]]*#[[:space:]]*include[[:space:]]*"?/ /'
}

# The room a header belongs to; empty for one of the room's own, without a directory.
room_of() {
	case $1 in
	*/*) echo "${1%%/*}" ;;
	*) [ -f "$SOURCE/lib/include/$1" ] && echo include ;;
	esac
}

wrong_rooms() {
	local file what room

	includes "$1" | while read -r file what; do
		[[ $what == "<"* ]] && continue
		room=$(room_of "$what")
		[ -z "$room" ] || [ "$room" = "$1" ] || [[ " ${MAY[$1]} " == *" $room "* ]] || echo "  $file includes $what"
	done
}

# wrong_system ROOM ALLOWED...: includes in brackets that are not among the allowed.
wrong_system() {
	local room=$1 file what

	shift
	includes "$room" | while read -r file what; do
		[[ $what == "<"* ]] || continue
		[[ " $* " == *" ${what#<} "* ]] || echo "  $file includes $what>"
	done
}

# What a room's library takes from elsewhere and may not.
impure_symbols() {
	nm -A "$BUILD/lib/$1/lib$1.a" 2>/dev/null | sed 's/^[^:]*://' |
		awk -v want="^($IMPURE_SYMBOLS)(@.*)?$" '$(NF-1) == "U" && $NF ~ want { print "  " $1, $NF }'
}

# Variables of a room's library that can change; tables of constants can't.
globals() {
	objdump -t "$BUILD/lib/$1/lib$1.a" 2>/dev/null | grep -E ' O (\*COM\*|\.(data|bss|tdata|tbss)([.][^r][^[:space:]]*)?)[[:space:]]' |
		sed 's/^/  /'
}

for dir in "$SOURCE"/lib/*/; do
	room=$(basename "$dir")
	[ -n "${MAY[$room]+set}" ] && unknown="" || unknown="  lib/$room"
	check "lib/$room is a room of the list" "$unknown"
	[ -z "$unknown" ] && check "$room includes rooms above it only" "$(wrong_rooms "$room")"
done
for room in $PURE; do
	check "$room includes no system header but the plain ones" "$(wrong_system "$room" $PURE_HEADERS)"
	[ -f "$BUILD/lib/$room/lib$room.a" ] || continue
	check "$room calls no DPDK, thread, clock, I/O or allocation" "$(impure_symbols "$room")"
done
[ -f "$BUILD/lib/engine/libengine.a" ] && check "the engine has no globals" "$(globals engine)"
check "only lib/port sees DPDK" "$(grep -rlE --include='*.[ch]' 'include *<rte_' "$SOURCE/lib" | grep -v '/lib/port/')"
check "only lib/host sees threads and NUMA" \
	"$(grep -rlE --include='*.[ch]' 'include *<(pthread|threads|numa|sched)\.h>' "$SOURCE/lib" | grep -v '/lib/host/')"
printf '@tests %d %d\n' "$PASSED" "$FAILED"
[ "$FAILED" -eq 0 ]
