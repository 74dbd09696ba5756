#!/bin/bash
# docs.sh SOURCE: what README.md and doc/*.md name is there: functions, files, options of the programs.
set -u
SOURCE=$1
. "$SOURCE/tests/support/cases.sh"
cd "$SOURCE" || exit 1

# Names in backticks that look like a function of the project.
functions() {
	grep -ohE '`[a-z][a-z0-9]*_[a-z0-9_]+\(\)`' "$1" | tr -d '`()' | sort -u
}

# Names in backticks that look like a file or folder of the tree.
paths() {
	grep -ohE '`(app|bench|doc|drivers-config|lib|tests)/[A-Za-z0-9_./-]*`' "$1" | tr -d '`' | sort -u
}

missing_functions() {
	local name

	functions "$1" | while read -r name; do
		grep -rqwE --include='*.[ch]' "$name" lib || echo "$name()"
	done
}

missing_paths() {
	local path

	paths "$1" | while read -r path; do
		[ -e "$path" ] || echo "$path"
	done
}

# Options that README.md gives to a program, and its help text has not.
missing_options() {
	grep -oE "(^|[\` ])$1 [^\`]*" README.md | grep -oE -- ' --[a-z0-9-]+' | sort -u | while read -r option; do
		grep -rqF -- "$option" "app/$1" || echo "$option"
	done
}

for page in README.md doc/*.md; do
	check_equal "$page names functions that exist" "" "$(missing_functions "$page")"
	check_equal "$page names files that exist" "" "$(missing_paths "$page")"
done
for program in wdscast wdsget wdsbench; do
	check_equal "README.md gives $program options that it has" "" "$(missing_options $program)"
done
cases_end
