#!/bin/bash
# What libwdstci.so shows: the functions of symbols.list, and no other symbol. Arguments: SOURCE BUILD
set -u
. "$1/tests/support/cases.sh"
LIST=$1/tests/api/abi/symbols.list
LIBRARY=$2/lib/api/libwdstci.so.0
DIR=$(mktemp -d) || exit 1
trap 'rm -rf "$DIR"' EXIT

check "the library is there" test -f "$LIBRARY"
nm -D --defined-only "$LIBRARY" | awk '{ print $3 }' | LC_ALL=C sort >"$DIR/shown"
LC_ALL=C sort "$LIST" >"$DIR/wanted"
check_equal "no symbol is shown but those of the list" "" "$(LC_ALL=C comm -23 "$DIR/shown" "$DIR/wanted" | xargs)"
check_equal "all symbols of the list are shown" "" "$(LC_ALL=C comm -13 "$DIR/shown" "$DIR/wanted" | xargs)"
check_equal "all of them are functions" "" "$(nm -D --defined-only "$LIBRARY" | awk '$2 != "T" { print $3 }' | xargs)"
check_equal "14 of them are Windows'" 14 "$(grep -c '^WdsTransportClient' "$DIR/shown")"

# What the headers declare is what the library shows.
cat "$1"/lib/include/wdstci.h "$1"/lib/include/wdscast.h | tr '\n' ' ' | grep -oE 'WDSTCI_EXPORT [^;{]*\(' |
	grep -oE '(WdsTransportClient|wdscast_)[A-Za-z0-9_]+ *\(' | tr -d ' (' | LC_ALL=C sort -u >"$DIR/declared"
check_equal "the headers declare the list" "" "$(LC_ALL=C comm -3 "$DIR/declared" "$DIR/wanted" | xargs)"
check "its name for the linker is libwdstci.so.0" grep -q 'SONAME.*\[libwdstci\.so\.0\]' <(readelf -d "$LIBRARY")
cases_end
