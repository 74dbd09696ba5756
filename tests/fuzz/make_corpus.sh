#!/bin/sh
# make_corpus.sh DIR PROGRAM...: the seeds of all fuzz targets, made anew; each program writes those of some.
set -eu
dir=$1
shift
rm -rf "$dir"
for program in "$@"; do
	"$program" "$dir"
done
