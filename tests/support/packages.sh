# Which Debian 12 packages the build, the tests and the demo need, and how to get them. Sourced by
# tests/run and app/demo.

# To build, and to run the demo.
PACKAGES_BUILD="build-essential meson ninja-build pkg-config python3
	libdpdk-dev libnuma-dev libcunit1-dev libjansson-dev libssl-dev libipsec-mb-dev liburing-dev
	libpcap-dev libbpf-dev libxdp-dev libxxhash-dev
	libseccomp-dev"
# To make networks of namespaces, measure and compare; to read the manual.
PACKAGES_NET="iproute2 iputils-ping ethtool procps util-linux coreutils tar man-db"
# To set a program's clock; firewalls.
PACKAGES_FAULTS="faketime nftables"
# To look at the systemd units: systemd-analyze; nothing of it need run.
PACKAGES_UNITS="systemd"
# To count the lines that tests run.
PACKAGES_COVERAGE="gcovr man-db"
# For the second compiler, the sanitizers and the fuzz targets.
PACKAGES_CLANG="clang libclang-rt-14-dev"

# For the guest with real cards' drivers.
PACKAGES_NIC="qemu-system-x86 busybox-static kmod"

packages_missing() {
	local package

	for package in "$@"; do
		[ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
			echo "$package"
	done
}

# Install what is missing of the packages named. Asks the network only then.
packages_need() {
	local missing

	missing=$(packages_missing "$@")
	[ -n "$missing" ] || return 0
	if [ "$(id -u)" != 0 ]; then
		echo "these Debian packages are missing (install them, or run this as root):" $missing >&2
		return 3
	fi
	echo "installing" $missing >&2
	export DEBIAN_FRONTEND=noninteractive
	if ! { apt-get -qq update && apt-get -qq install -y --no-install-recommends $missing; } \
			>/tmp/wdscast-apt.$$ 2>&1 </dev/null; then
		tail -20 /tmp/wdscast-apt.$$ >&2
		rm -f /tmp/wdscast-apt.$$
		echo "cannot install" $missing >&2
		return 3
	fi
	rm -f /tmp/wdscast-apt.$$
}

# packages_build DIR [meson options]: configure DIR once (again when the options are others), then build
# it: all, or what PACKAGES_TARGETS says. Prints a log on failure only.
packages_build() {
	local dir=$1 log options

	shift
	log=$dir.log
	options="CC=${CC:-} $* $(command -v clang)" # with it there is an XDP program
	if [ ! -f "$dir/build.ninja" ] || [ "$(cat "$dir/options" 2>/dev/null)" != "$options" ]; then
		rm -rf "$dir"
		meson setup "$dir" "$@" >"$log" 2>&1 </dev/null || { tail -40 "$log" >&2; return 1; }
		echo "$options" >"$dir/options"
	fi
	ninja -C "$dir" ${PACKAGES_TARGETS:-} >"$log" 2>&1 </dev/null || { grep -vE '^\[[0-9]+/[0-9]+\]|^ninja: Entering' "$log" |
		tail -80 >&2; return 1; }
	rm -f "$log"
}
