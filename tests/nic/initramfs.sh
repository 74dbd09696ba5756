# Debian's kernel and a small system for it, made of what this machine has: busybox, bash, our programs and
# the shared libraries and DPDK drivers they need. Sourced by run.
#
#   kernel_fetch DIR                sets KERNEL and MODULES, below DIR, where they stay for the next run
#   initramfs_make FILE BUILD       of KERNEL's modules and what BUILD installs; sets GUEST_PATH, where that is

KERNEL="" MODULES="" GUEST_PATH="" GUEST_LIBRARIES=""

# What the guest loads, and (by modules.dep) what those need.
GUEST_MODULES="e1000e vmxnet3 virtio_net virtio_pci vfio_pci vfio_iommu_type1 tun"
# Of DPDK's drivers: the buses, the buffers, the three cards, and the one beside the kernel's.
GUEST_DRIVERS="bus_pci bus_vdev mempool_ring net_e1000 net_vmxnet3 net_virtio net_af_xdp"

# The package that linux-image-amd64 stands for today.
kernel_package() {
	apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -1
}

kernel_fetch() {
	local package dir

	mkdir -p "$1" && dir=$(realpath "$1") || return 1
	if [ ! -e "$dir/complete" ]; then
		package=$(kernel_package)
		rm -rf "$dir/deb" "$dir/kernel"
		mkdir -p "$dir/deb"
		# apt's own user cannot write below a home directory, says so, and succeeds all the same.
		[ -n "$package" ] && (cd "$dir/deb" && apt-get -qq download "$package" 2>&1) >"$dir/log" &&
			dpkg -x "$dir"/deb/*.deb "$dir/kernel" || { cat "$dir/log" >&2; return 1; }
		rm -rf "$dir/deb" "$dir/kernel/usr"
		depmod -b "$dir/kernel" "$(ls "$dir/kernel/lib/modules")" && touch "$dir/complete" || return 1
	fi
	KERNEL=$(echo "$dir"/kernel/boot/vmlinuz-*)
	MODULES=$(echo "$dir"/kernel/lib/modules/*)
}

# Files that a program or library is linked with, the loader too.
libraries_of() {
	ldd "$@" 2>/dev/null | sed -nE 's/^.* => (\/[^ ]+) .*$/\1/p; s/^\t(\/[^ ]+) .*$/\1/p' | sort -u
}

# copy_file FILE TREE: to the same place. What is a link here is one there: a DPDK library that the loader
# finds at two places must be one file, or it is loaded twice.
copy_file() {
	local real

	real=$(readlink -f "$1")
	[ -e "$2$real" ] || install -D "$real" "$2$real"
	[ -e "$2$1" ] || { mkdir -p "$2${1%/*}" && ln -s "$real" "$2$1"; }
}

# put_modules TREE: as few as will do, for the kernel unpacks them at a tenth of this machine's speed.
put_modules() {
	local module file base=${MODULES%/lib/modules/*}

	for module in $GUEST_MODULES; do
		modprobe -d "$base" -S "${MODULES##*/}" --show-depends "$module" || return 1
	done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | sort -u | while read -r file; do
		install -D -m 644 "$file" "$1${file#"$base"}"
	done
	cp "$MODULES"/modules.{order,builtin,builtin.modinfo} "$1/lib/modules/${MODULES##*/}" &&
		depmod -b "$1" "${MODULES##*/}"
}

put_drivers() {
	local name file

	for name in $GUEST_DRIVERS; do
		for file in /usr/lib/*/dpdk/pmds-*/librte_"$name".so.*.*; do
			copy_file "$file" "$1"
			libraries_of "$file"
		done
	done | sort -u
}

# put_programs TREE BUILD: as an administrator would get them.
put_programs() {
	local get at

	DESTDIR=$1 meson install -C "$2" --no-rebuild --quiet >/dev/null || return 1
	get=$(find "$1" -name wdsget -type f) && [ -n "$get" ] || { echo "wdsget is not installed" >&2; return 1; }
	GUEST_PATH=${get#"$1"} GUEST_PATH=${GUEST_PATH%/bin/wdsget}
	at=$(find "$1$GUEST_PATH" -name 'libwdstci.so*' | head -1)
	GUEST_LIBRARIES=${at%/*} GUEST_LIBRARIES=${GUEST_LIBRARIES#"$1"}
	LD_LIBRARY_PATH=$1$GUEST_LIBRARIES libraries_of "$get" | grep -v "^$1" | while read -r at; do
		copy_file "$at" "$1"
	done
	find "$1$GUEST_PATH" -name '*.a' -delete
}

put_base() {
	local program file

	mkdir -p "$1"/{bin,dev,proc,sys,tmp,run,var,usr/lib/modules,usr/lib64}
	ln -s usr/lib usr/lib64 "$1"
	ln -s bin "$1/sbin"
	ln -s ../run "$1/var/run"
	cp "$(command -v busybox)" "$1/bin/busybox"
	for program in $(busybox --list); do
		ln -s busybox "$1/bin/$program" 2>/dev/null
	done
	cp "$(command -v bash)" "$1/bin/bash"
	for file in $(libraries_of "$1/bin/bash") $(put_drivers "$1"); do
		copy_file "$file" "$1"
	done
	install -m 755 tests/nic/init "$1/init"
}

initramfs_make() {
	local tree

	tree=$(mktemp -d "$NET_DIR/initramfs-XXXXXX") || return 1
	put_base "$tree" && put_modules "$tree" && put_programs "$tree" "$2" &&
		(cd "$tree" && find . | busybox cpio -o -H newc 2>/dev/null) >"$1"
}
