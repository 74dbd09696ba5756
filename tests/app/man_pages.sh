#!/bin/bash
# The manual: a page for each program and each function, which man takes without a warning. Arguments: SOURCE BUILD
set -u
. "$1/tests/support/cases.sh"
SOURCE=$1 BUILD=$2
command -v man >/dev/null || { echo "man is not installed" >&2; exit 77; }

warnings() {
	LC_ALL=C.UTF-8 MANWIDTH=80 man -l --warnings "$1" 2>&1 >/dev/null
}

for page in "$SOURCE"/doc/man/*.[137]; do
	check_equal "${page##*/} has no warning" "" "$(warnings "$page")"
	check "${page##*/} is installed" grep -q "\"[^\"]*/${page##*/}\"" "$BUILD/meson-info/intro-installed.json"
done
while read -r function; do
	page=$SOURCE/doc/man/$function.3
	check "$function has a page" grep -qsE "^\.B.*[ *\"]$function\(" "$page"
	for parameter in $(cat "$SOURCE"/lib/include/wds{tci,cast}.h | tr '\n' ' ' | grep -oE "[ *]$function\([^)]*\);" |
			grep -oE '[A-Za-z0-9_]+[,)]' | tr -d ',)' | grep -viE '^void$'); do
		check "$function tells of $parameter" grep -qE "^\.I $parameter\$" "$page"
	done
	check "$function tells of threads" grep -q '^\.SH THREADS' "$page"
done <"$SOURCE/tests/api/abi/symbols.list"

# What a program's page promises, the program has.
for program in wdsget wdscast wdsbench; do
	"$BUILD/app/$program" --help >/dev/null || cases_verdict 1 "$program --help"
	for option in $(LC_ALL=C.UTF-8 MANWIDTH=200 man -l "$SOURCE/doc/man/$program.1" | col -bx |
			sed -n '/^OPTIONS/,/^EXIT/p' | grep -E '^ {7}-' | grep -oE -- '--[a-z0-9-]+' | sort -u); do
		check "$program has $option" sh -c "'$BUILD/app/$program' --help | grep -q -e '$option'"
	done
done
cases_end
