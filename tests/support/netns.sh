# A small network of namespaces, and processes in it; all of it goes away with the shell. Sourced by
# app/demo and tests/app/*.sh.
#
#   net_begin; net_switch; net_host srv 10.99.0.1; net_host r1 10.99.0.11
#   net_start srv server.log wdscast --root ...; server=$STARTED
#   net_run r1 ping -c 1 10.99.0.1
#   net_stop TERM $server
#   net_end      (or the end of the shell, or Ctrl-C)
#
# Names of namespaces begin with wds-PID-, so two runs never meet, and only those are deleted.

NET=""        # wds-PID
NET_SHELL=""  # the process that made it
NET_DIR=""    # scratch directory: logs, sockets, small files
NET_PIDS=()   # started by net_start, not yet reaped
NET_MOUNTS=() # by net_tmpfs
STARTED=""    # process id of the last net_start
STATUS=0      # exit code that net_wait saw

# net_begin [DIR]: scratch below DIR or TMPDIR.
net_begin() {
	[ "$(id -u)" = 0 ] || { echo "namespaces need root" >&2; exit 3; }
	NET=wds-$$
	NET_SHELL=$BASHPID
	NET_DIR=$(mktemp -d "${1:-${TMPDIR:-/tmp}}/$NET-XXXXXX") || exit 3
	chmod 755 "$NET_DIR"
	trap net_end EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
}

# Stop what was started, take down what was made. Safe to call again.
net_end() {
	local status=$? pid mount name

	# A child that a signal hits before its exec runs its parent's trap.
	[ "$BASHPID" = "$NET_SHELL" ] || kill -KILL "$BASHPID"
	trap '' INT TERM HUP
	for pid in "${NET_PIDS[@]}"; do
		kill -TERM "$pid" 2>/dev/null
	done
	for pid in "${NET_PIDS[@]}"; do
		net_await "$pid" 3 || kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	NET_PIDS=()
	for mount in "${NET_MOUNTS[@]}"; do
		umount -l "$mount" 2>/dev/null
	done
	NET_MOUNTS=()
	for name in $(net_names); do
		ip netns del "$name"
	done
	[ -z "$NET_DIR" ] || rm -rf "$NET_DIR"
	NET_DIR=""
	trap - EXIT INT TERM HUP
	return $status
}

# Namespaces of this run that exist.
net_names() {
	[ -z "$NET" ] || ip netns list | awk -v prefix="$NET-" 'index($1, prefix) == 1 { print $1 }'
}

# A bridge in a namespace of its own, as a switch with IGMP and MLD snooping and a querier.
# net_switch [querier: 1 or 0]
net_switch() {
	local ns=$NET-sw

	ip netns add "$ns" || return 3
	# The querier's own delay is its response interval: 1 s instead of 10, so that snooping begins soon. It is
	# read when the querier begins.
	ip -n "$ns" link add br0 type bridge mcast_snooping 1 \
		mcast_query_response_interval 100 mcast_startup_query_interval 100 || return 3
	ip -n "$ns" link set br0 type bridge mcast_querier "${1:-1}" || return 3
	ip -n "$ns" link set lo up
	ip -n "$ns" link set br0 up
}

# net_host NAME ADDRESS [MTU]: a namespace whose eth0 is plugged into the switch. Multicast leaves by eth0.
net_host() {
	local name=$1 ns=$NET-$1 mtu=${3:-1500}

	ip netns add "$ns" &&
		ip -n "$ns" link add eth0 mtu "$mtu" type veth peer name "$name" mtu "$mtu" netns "$NET-sw" &&
		ip -n "$NET-sw" link set "$name" master br0 up &&
		ip -n "$ns" link set lo up &&
		ip -n "$ns" addr add "$2/24" dev eth0 &&
		ip -n "$ns" link set eth0 up &&
		ip -n "$ns" route add 224.0.0.0/4 dev eth0
}

# net_run NAME COMMAND...: in the foreground.
net_run() {
	local name=$1

	shift
	ip netns exec "$NET-$name" "$@"
}

# net_start NAME LOG COMMAND...: in the background, its output in LOG and LOG.err; sets STARTED.
# A shell makes its background processes deaf to SIGINT: not these.
net_start() {
	local name=$1 log=$2

	shift 2
	env --default-signal=INT,QUIT ip netns exec "$NET-$name" "$@" >"$log" 2>"$log.err" </dev/null &
	STARTED=$!
	NET_PIDS+=("$STARTED")
}

# The same without a namespace, for memif.
net_start_here() {
	local log=$1

	shift
	env --default-signal=INT,QUIT "$@" >"$log" 2>"$log.err" </dev/null &
	STARTED=$!
	NET_PIDS+=("$STARTED")
}

# Sets NET_NOW to the time in milliseconds.
net_now() {
	NET_NOW=$((${EPOCHREALTIME/[^0-9]/} / 1000))
}

# net_until_at MILLISECONDS COMMAND...: true as soon as the command is, if that is not later than NET_NOW will be then.
net_until_at() {
	local end=$1

	shift
	until "$@"; do
		net_now
		[ $NET_NOW -lt "$end" ] || return 1
		sleep 0.05
	done
}

# net_until SECONDS COMMAND...: the same from now on.
net_until() {
	net_now
	net_until_at $((NET_NOW + $1 * 1000)) "${@:2}"
}

# True when the process has ended.
net_is_gone() {
	! kill -0 "$1" 2>/dev/null
}

# net_await PID SECONDS: true when the process has ended within that time.
net_await() {
	net_until "$2" net_is_gone "$1"
}

# net_wait PID SECONDS: wait for its end and set STATUS to its exit code. 124, and killed, when it takes longer.
net_wait() {
	local pid=$1 late=0 left=() p

	net_await "$pid" "$2" || { late=1; kill -KILL "$pid" 2>/dev/null; }
	wait "$pid" 2>/dev/null
	STATUS=$?
	[ "$late" = 0 ] || STATUS=124
	for p in "${NET_PIDS[@]}"; do
		[ "$p" = "$pid" ] || left+=("$p")
	done
	NET_PIDS=("${left[@]}")
}

# net_stop SIGNAL PID [SECONDS]: send it, then as net_wait.
net_stop() {
	kill -"$1" "$2" 2>/dev/null
	net_wait "$2" "${3:-5}"
}

# net_tmpfs NAME SIZE: a small disk at NET_DIR/NAME.
net_tmpfs() {
	mkdir -p "$NET_DIR/$1"
	mount -t tmpfs -o size="$2" tmpfs "$NET_DIR/$1" || return 3
	NET_MOUNTS+=("$NET_DIR/$1")
}

# Processes that still live in the namespaces of this run.
net_processes() {
	local name

	for name in $(net_names); do
		ip netns pids "$name"
	done
}

# net_real_file FILE BYTES: real content, not zeros: /usr as one archive, again and again.
net_real_file() {
	(while tar -cf - -C / usr 2>/dev/null; do :; done) | head -c "$2" >"$1"
	[ "$(stat -c %s "$1")" = "$2" ]
}
