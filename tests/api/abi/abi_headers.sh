#!/bin/bash
# Each public header compiles alone, as C and as C++, without a warning. Arguments: SOURCE BUILD
set -u
. "$1/tests/support/cases.sh"
DIR=$(mktemp -d) || exit 1
trap 'rm -rf "$DIR"' EXIT
cp "$1"/lib/include/*.h "$DIR" || exit 1

# compiles COMPILER LANGUAGE STANDARD HEADER [DIRECTORY]: twice included, and something behind it.
compiles() {
	printf '#include "%s"\n#include "%s"\ntypedef int something;\n' "$4" "$4" |
		"$1" -x "$2" -std="$3" -I"${5:-$DIR}" -Wall -Wextra -Wshadow -pedantic -Werror -fsyntax-only -
}

for compiler in gcc clang; do
	command -v "$compiler" >/dev/null || continue
	for header in wdstci.h wdserror.h wdscast.h; do
		for standard in c11 c17; do
			check "$header as $standard ($compiler)" compiles "$compiler" c "$standard" "$header"
		done
		for standard in c++11 c++17 c++20; do
			check "$header as $standard ($compiler)" compiles "$compiler" c++ "$standard" "$header"
		done
	done
done
mkdir "$DIR/alone" && cp "$DIR/wdstci.h" "$DIR/alone"
check "wdstci.h needs no other header of ours, as C" compiles gcc c c11 wdstci.h "$DIR/alone"
check "wdstci.h needs no other header of ours, as C++" compiles gcc c++ c++17 wdstci.h "$DIR/alone"
cases_end
