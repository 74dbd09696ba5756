# A machine made of files: the tree that drivers-config/ reads, and a kernel that moves cards between
# drivers as Linux does. Sourced; make_machine, then add_card; the tree goes away with the shell.
#
# TREE is the root to give to the scripts. The kernel listens at FIFOs: a write to a driver's unbind takes
# the card from it; one to drivers_probe gives it to its driver_override, or else to the driver it is born with.

TREE=""
KERNEL_PIDS=()

machine_end() {
	local status=$?

	[ ${#KERNEL_PIDS[@]} = 0 ] || kill "${KERNEL_PIDS[@]}" 2>/dev/null
	rm -rf "$TREE"
	return $status
}

# make_machine: no card yet, an IOMMU, vfio-pci, one route-less kernel.
make_machine() {
	TREE=$(mktemp -d "${TMPDIR:-/tmp}/wds-sysfs-XXXXXX") || exit 3
	chmod 755 "$TREE"
	trap machine_end EXIT
	trap 'exit 130' INT TERM
	mkdir -p "$TREE"/sys/{bus/pci/{devices,drivers},class/{net,iommu/dmar0},kernel/iommu_groups,born} "$TREE"/proc/net "$TREE"/run
	printf 'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n' >"$TREE/proc/net/route"
	: >"$TREE/proc/net/ipv6_route"
	mkfifo "$TREE/unbind" "$TREE/sys/bus/pci/drivers_probe"
	kernel unbind "$TREE/unbind"
	kernel probe "$TREE/sys/bus/pci/drivers_probe"
	add_driver vfio-pci
}

add_driver() {
	mkdir -p "$TREE/sys/bus/pci/drivers/$1"
	ln -sf "$TREE/unbind" "$TREE/sys/bus/pci/drivers/$1/unbind"
}

# add_card ADDRESS DRIVER INTERFACE [GROUP]
add_card() {
	local at=$TREE/sys/bus/pci/devices/$1

	mkdir -p "$at/net/$3"
	echo 0x020000 >"$at/class"
	echo 0x8086 >"$at/vendor"
	echo 0x10d3 >"$at/device"
	echo 0 >"$at/numa_node"
	echo >"$at/driver_override"
	echo "$2" >"$TREE/sys/born/$1"
	add_driver "$2"
	ln -s "$TREE/sys/bus/pci/drivers/$2" "$at/driver"
	mkdir -p "$TREE/sys/class/net/$3"
	ln -s "$at" "$TREE/sys/class/net/$3/device"
	echo up >"$TREE/sys/class/net/$3/operstate"
	[ -z "${4:-}" ] || add_to_group "$1" "$4"
}

add_to_group() {
	mkdir -p "$TREE/sys/kernel/iommu_groups/$2/devices"
	ln -s "$TREE/sys/bus/pci/devices/$1" "$TREE/sys/kernel/iommu_groups/$2/devices/$1"
	ln -s "$TREE/sys/kernel/iommu_groups/$2" "$TREE/sys/bus/pci/devices/$1/iommu_group"
}

default_route_by() {
	printf '%s\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\n' "$1" >>"$TREE/proc/net/route"
}

driver_of() {
	local to

	to=$(readlink "$TREE/sys/bus/pci/devices/$1/driver") && echo "${to##*/}" || echo none
}

# The driver that would take a card now; one whose file REFUSES is there takes none.
taker() {
	local want

	want=$(cat "$TREE/sys/bus/pci/devices/$1/driver_override")
	want=${want:-$(cat "$TREE/sys/born/$1")}
	[ -d "$TREE/sys/bus/pci/drivers/$want" ] && [ ! -e "$TREE/sys/bus/pci/drivers/$want/REFUSES" ] && echo "$want"
}

do_unbind() {
	rm -f "$TREE/sys/bus/pci/devices/$1/driver"
}

do_probe() {
	local want tries=100 at=$TREE/sys/bus/pci/devices/$1

	while [ -L "$at/driver" ] && [ $((tries--)) -gt 0 ]; do # the unbind before is still under way
		sleep 0.01
	done
	want=$(taker "$1") && ln -s "$TREE/sys/bus/pci/drivers/$want" "$at/driver"
}

kernel() {
	local card fd

	(
		trap - EXIT INT TERM
		exec {fd}<>"$2"
		while read -r card <&"$fd"; do
			"do_$1" "$card"
		done
	) >/dev/null 2>&1 </dev/null &
	KERNEL_PIDS+=($!)
}
