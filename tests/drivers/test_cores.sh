#!/bin/bash
# drivers-config/cores on a machine of eight cores made of files: four with two threads each, on two nodes.
set -u
. "$(dirname "$0")/../support/cases.sh"
CORES=$(dirname "$0")/../../drivers-config/cores
TREE=$(mktemp -d "${TMPDIR:-/tmp}/wds-cores-XXXXXX") || exit 3
trap 'rm -rf "$TREE"' EXIT
trap 'exit 130' INT TERM
CPUS=$TREE/sys/devices/system/cpu

OUT=""
cores() {
	OUT=$("$CORES" --root "$TREE" "$@" 2>&1)
}

# shows TEXT, or shows_not TEXT: of what cores said
shows() {
	grep -qE -- "$1" <<<"$OUT" || { echo "$OUT"; false; }
}

shows_not() {
	! grep -qE -- "$1" <<<"$OUT" || { echo "$OUT"; false; }
}

for core in 0 1 2 3 4 5 6 7; do
	mkdir -p "$CPUS/cpu$core"/{topology,cpufreq} "$CPUS/cpu$core/node$((core / 2 % 2))"
	echo "$((core % 4)),$((core % 4 + 4))" >"$CPUS/cpu$core/topology/thread_siblings_list"
	echo performance >"$CPUS/cpu$core/cpufreq/scaling_governor"
done
echo 0-7 >"$CPUS/online"
echo >"$CPUS/isolated"
echo '(null)' >"$CPUS/nohz_full"
mkdir -p "$TREE/proc/55"
echo bash >"$TREE/proc/55/comm"

check "status succeeds" cores status
check "a core is shown with its node and sibling" shows '^6 +1 +2 +no +no +performance'
check "no core isolated: said, with cores that are not the kernel's" shows 'isolcpus=3,5,6,7 nohz_full=3,5,6,7'
check "no word of irqbalance when it does not run" shows_not 'IRQBALANCE'

echo 2-3,6 >"$CPUS/isolated"
echo 2-3 >"$CPUS/nohz_full"
echo powersave >"$CPUS/cpu2/cpufreq/scaling_governor"
echo irqbalance >"$TREE/proc/55/comm"
cores status
check "an isolated core is shown" shows '^3 +1 +7 +yes +yes'
check "one with a tick is shown" shows '^6 +1 +2 +yes +no'
check "... and advised of" shows 'add nohz_full=6$'
check "a governor that saves power is advised of" shows 'governor of cores 2 saves power'
check "irqbalance is advised of" shows 'IRQBALANCE_BANNED_CPULIST=2,3,6 '

echo 2-3,6 >"$CPUS/nohz_full"
echo performance >"$CPUS/cpu2/cpufreq/scaling_governor"
rm -r "$TREE/proc/55"
cores status
check "a machine that is set up needs nothing" shows 'nothing to do'
echo 0-1 >"$CPUS/online"
echo >"$CPUS/isolated"
cores status
check "two cores are too few to isolate" shows '--poll adaptive'
check "... and offline ones are not shown" shows_not '^2 '
OUT=$("$CORES" 2>&1)
check_equal "no command is a usage error" 2 $?
cases_end
