# What the scripts here share. Sourced.
#
# --root DIR (or WDSCAST_ROOT=DIR) reads and writes the tree of another machine, DIR/sys, DIR/proc and
# DIR/run, so that tests need no card. What was there before a change is remembered in run/wdscast/:
# nothing there outlives a reboot, and neither do the changes.

ROOT=${WDSCAST_ROOT:-}

# Exit codes as of the programs: 1 it failed, 2 usage.
die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

warn() {
	echo "${0##*/}: $*" >&2
}

usage() {
	[ $# = 0 ] || echo "${0##*/}: $*" >&2
	sed -n '2,/^$/s/^#\( \|$\)//p' "$0" | sed '/^$/,$d' >&2
	exit 2
}

# Where things are; after the options have been read.
set_root() {
	[ -z "$ROOT" ] || [ -d "$ROOT/sys" ] || die "$ROOT holds no sys"
	SYS=$ROOT/sys PROC=$ROOT/proc MEMORY=$ROOT/run/wdscast
}

# First line of a file, or the second argument when there is none.
read_line() {
	local line=""

	[ -r "$1" ] && IFS= read -r line <"$1" 2>/dev/null
	printf '%s\n' "${line:-${2:-}}"
}

# The last part of where a link points to: a driver, an IOMMU group. Nothing when it is no link.
link_name() {
	local to

	to=$(readlink "$1" 2>/dev/null) && printf '%s\n' "${to##*/}"
}

# write VALUE FILE: false, without a word, when the kernel refuses.
write() {
	{ printf '%s\n' "$1" >"$2"; } 2>/dev/null
}

# need_write FILE: whoever may write it may do the rest.
need_write() {
	[ -w "$1" ] || die "this needs root (cannot write ${1#"$ROOT"})"
}

# remember NAME LINES: keep what was there before. The first memory is the right one.
remember() {
	[ -e "$MEMORY/$1" ] && return
	{ mkdir -p "$(dirname "$MEMORY/$1")" && printf '%s\n' "$2" >"$MEMORY/$1"; } 2>/dev/null ||
		die "cannot write $MEMORY/$1"
}
