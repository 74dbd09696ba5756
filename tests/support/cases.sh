# Cases of a shell test. Sourced; cases_end at the end.
#   check "what must hold" COMMAND...      passes when the command succeeds
#   check_equal "what" WANT GOT

CASES_PASSED=0
CASES_FAILED=0

# Log files named in CASES_LOGS are shown when a case fails.
CASES_LOGS=()

cases_verdict() {
	local log

	if [ "$1" = 0 ]; then
		CASES_PASSED=$((CASES_PASSED + 1))
		echo "ok   $2"
		return
	fi
	CASES_FAILED=$((CASES_FAILED + 1))
	echo "FAIL $2${3:+: $3}"
	for log in "${CASES_LOGS[@]}"; do
		[ ! -s "$log" ] || { echo "  --- ${log##*/}"; tail -15 "$log" | sed 's/^/  /'; }
	done
}

check() {
	local what=$1

	shift
	"$@"
	cases_verdict $? "$what"
}

check_equal() {
	[ "$2" = "$3" ]
	cases_verdict $? "$1" "wanted '$2', got '$3'"
}

cases_end() {
	printf '@tests %d %d\n' "$CASES_PASSED" "$CASES_FAILED"
	[ "$CASES_FAILED" -eq 0 ]
	exit
}
