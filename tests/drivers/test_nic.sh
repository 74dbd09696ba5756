#!/bin/bash
# drivers-config/nic on a machine made of files.
set -u
. "$(dirname "$0")/../support/cases.sh"
. "$(dirname "$0")/fake_sysfs.sh"
NIC=$(dirname "$0")/../../drivers-config/nic
A=0000:01:00.0 B=0000:02:00.0 # a card that may be lent, and one with the default route

OUT=""
nic() {
	OUT=$("$NIC" --root "$TREE" "$@" 2>&1)
}

says() {
	[[ $OUT == *"$1"* ]] || { echo "  it said: $OUT"; false; }
}

says_not() {
	[[ $OUT != *"$1"* ]] || { echo "  it said: $OUT"; false; }
}

refuses() {
	! nic "$@"
}

exits_with() {
	local want=$1

	shift
	nic "$@"
	[ $? = "$want" ]
}

make_machine
add_card $A e1000e eth1 7
add_card $B igb eth0 8
default_route_by eth0

nic status
check "status shows a card with its driver, interface and group" grep -qE "^$A +e1000e +eth1 +up +0 +7 +8086:10d3" <<<"$OUT"
check "status marks the default route" grep -qE "^$B .*default route" <<<"$OUT"
check "status says that the IOMMU is on" says "IOMMU: on"
check "status says that vfio-pci is there" says "vfio-pci: loaded"

check "bind succeeds" nic bind $A
check "bind says how to name the port" says "--port pci:$A"
check_equal "a bound card is vfio-pci's" vfio-pci "$(driver_of $A)"
nic status
check "status says who lent it" says "lent by e1000e"
check "bind of a bound card changes nothing" nic bind $A
check "reset succeeds" nic reset $A
check_equal "a card that was reset is its old driver's" e1000e "$(driver_of $A)"
check_equal "nothing is overridden after reset" "" "$(cat "$TREE/sys/bus/pci/devices/$A/driver_override")"
check "reset of a card that is not lent succeeds" nic reset $A
check "... and says so" says "not lent"

check "a short address will do" nic bind 01:00.0
check "so will an address in capitals" nic reset "${A^^}"
check "so will the interface's name" nic bind eth1
check_equal "... and it means that card" vfio-pci "$(driver_of $A)"
mkdir -p "$TREE/proc/77/fd"
echo wdsget >"$TREE/proc/77/comm"
ln -s /dev/vfio/7 "$TREE/proc/77/fd/9"
check "reset refuses while a program has the card open" refuses reset $A
check "... and names it" says "wdsget (77)"
rm -r "$TREE/proc/77"
check "reset after the program has ended" nic reset $A

check "the card with the default route is refused" refuses bind $B
check "... and why" says "default route leaves by $B (eth0)"
check_equal "... and left alone" igb "$(driver_of $B)"
check "unless forced" nic bind $B --force
check_equal "... which takes it" vfio-pci "$(driver_of $B)"
nic reset $B
mkdir -p "$TREE/sys/class/net/br0/lower_eth1"
default_route_by br0
check "a card below a bridge with the default route is refused" refuses bind $A
sed -i '/^br0/d' "$TREE/proc/net/route"
echo "00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000001 00000000 00450003 eth1" \
	>"$TREE/proc/net/ipv6_route"
check "so is one with the default route of IPv6" refuses bind $A
: >"$TREE/proc/net/ipv6_route"

add_card 0000:01:00.1 e1000e eth2 7
check "a card that shares its group with a driver's device is refused" refuses bind $A
check "... and names the device" says "0000:01:00.1 (e1000e)"
check "unless forced" nic bind $A --force
check "then the other needs no force" nic bind 0000:01:00.1
check "both go back" nic reset $A
nic reset 0000:01:00.1
rm -r "$TREE/sys/bus/pci/devices/0000:01:00.1" "$TREE/sys/kernel/iommu_groups/7/devices/0000:01:00.1"

touch "$TREE/sys/bus/pci/drivers/vfio-pci/REFUSES"
check "a card that vfio-pci does not take is an error" refuses bind $A
check_equal "... and goes back to its driver" e1000e "$(driver_of $A)"
nic status
check "... and is not remembered as lent" says_not "lent by"
rm "$TREE/sys/bus/pci/drivers/vfio-pci/REFUSES"

check "an unknown address is an error" refuses bind 0000:09:00.0
check "... that names it" says "no PCI card 0000:09:00.0"
check "a name that climbs out of the tree is no card" refuses bind ../../$A
echo 0x010802 >"$TREE/sys/bus/pci/devices/$B/class"
check "a disk is no card" refuses bind $B
check "no command is a usage error" exits_with 2
check "an unknown command is a usage error" exits_with 2 lend $A
check "a missing address is a usage error" exits_with 2 bind

mv "$TREE/sys/bus/pci/devices/$A/iommu_group" "$TREE/group"
check "without an IOMMU bind refuses" refuses bind $A
check "... and says what to switch on" says "intel_iommu=on"
mkdir -p "$TREE/sys/module/vfio/parameters"
echo Y >"$TREE/sys/module/vfio/parameters/enable_unsafe_noiommu_mode"
check "unless vfio's unsafe mode is on" nic bind $A
check "... which is said" says "will be able to write to all memory"
nic reset $A
mv "$TREE/group" "$TREE/sys/bus/pci/devices/$A/iommu_group"
rm -r "$TREE/sys/bus/pci/drivers/vfio-pci"
check "without a vfio-pci module bind refuses" refuses bind $A
check "... and says so" says "no vfio-pci module"
if [ "$(id -u)" = 0 ]; then
	OUT=$(setpriv --reuid=65534 --regid=65534 --clear-groups "$NIC" --root "$TREE" bind $A 2>&1)
	check "who is not root is told" says "this needs root"
fi
cases_end
