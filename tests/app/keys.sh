#!/bin/bash
# Keys, with the real programs: both sides have them and a file crosses the wire; one side has none, or
# another one, and it says so within ten seconds.
. "$(dirname "$0")/lab.sh"
SIZE=$((16 << 20))
command -v openssl >/dev/null || { echo "needs openssl"; exit 77; }

lab_begin $SIZE r1 r2
K=$NET_DIR/keys
mkdir -p "$K"
(
	umask 077
	openssl rand -hex 32 >"$K/lab"
	openssl rand -hex 32 >"$K/other"
	openssl genrsa -out "$K/sign.pem" 2048
	openssl genrsa -out "$K/other.pem" 2048
	printf '\x08\x02\0\0\x03\x66\0\0\x20\0\0\0' >"$K/lab.blob" # the same key as a PLAINTEXTKEYBLOB
	sed 's/../\\x&/g' "$K/lab" | xargs -0 printf '%b' | head -c 32 >>"$K/lab.blob"
) 2>/dev/null
openssl rsa -in "$K/sign.pem" -pubout -out "$K/verify.pem" 2>/dev/null
cp "$K/lab" "$K/open"
chmod 644 "$K/open"
(umask 077 && cp "$K/lab" "$K/foreign")
chown 65534 "$K/foreign"

# gets NAME "case" [options]: it ends with the file.
gets() {
	local name=$1 what=$2

	shift 2
	rm -rf "${NET_DIR:?}/$name"
	get "$name" --sha256 "$DIGEST" "$@"
	ended "$name" 60
	check_equal "$what: exit code" 0 "$STATUS"
	check_equal "$what: the file" "$DIGEST" "$(digest "$NET_DIR/$name/disk.img")"
}

# refused NAME "case" CODE TEXT [options]: it ends within ten seconds, says so, and leaves no file.
refused() {
	local name=$1 what=$2 code=$3 text=$4

	shift 4
	rm -rf "${NET_DIR:?}/$name"
	get "$name" "$@"
	ended "$name" 10
	check_equal "$what: exit code" "$code" "$STATUS"
	check "$what: it says why" error_says "$name" "$text"
	check_equal "$what: one line" 1 "$(error_lines "$name")"
	check_equal "$what: no file" 0 "$(files_of "$name")"
}

stop() {
	net_stop TERM "$SERVER" 5
	check_equal "$1: the server stops cleanly" 0 "$STATUS"
}

serve --key "$K/lab"
net_until 10 server_says "serving"
gets r1 "both have the key" --key "$K/lab"
gets r2 "one has it as a PLAINTEXTKEYBLOB" --key "$K/lab.blob"
WDSCAST_KEY=$K/lab gets r1 "the key from the environment"
refused r1 "only the server has a key" 1 "only those who have its key"
check "... and the server tells of it" server_says "refused images/disk.img"
refused r2 "the client has another key" 1 "does not accept our key" --key "$K/other"
refused r1 "the client expects signatures" 1 "without proof" --key "$K/lab" --verify-key "$K/verify.pem"
refused r1 "a key that others may read" 3 "chmod 600" --key "$K/open"
refused r2 "a key that another user owns" 3 "another user owns it" --key "$K/foreign"
refused r1 "no key in the file" 3 "neither" --key "$K/sign.pem"
refused r1 "signatures without a key" 3 "shared key" --verify-key "$K/verify.pem"
stop "with a key"

serve
net_until 10 server_says "serving"
refused r1 "only the client has a key" 1 "without proof" --key "$K/lab"
gets r2 "neither has a key"
stop "without a key"

serve --key "$K/lab,reading=B"
net_until 10 server_says "serving"
gets r1 "both hash the packet's digest" --key "$K/lab,reading=B"
refused r2 "one hashes the packet" 1 "does not accept our key" --key "$K/lab"
refused r2 "a third way" 3 "the reading is A or B" --key "$K/lab,reading=C"
stop "with the other reading"

truncate -s 1M "$ROOT/images/disk.img" # each packet is signed
DIGEST=$(digest "$ROOT/images/disk.img")
serve --key "$K/lab" --sign-key "$K/sign.pem"
net_until 10 server_says "serving"
gets r1 "the server signs" --key "$K/lab" --verify-key "$K/verify.pem"
refused r2 "who has the shared key alone" 1 "without proof" --key "$K/lab"
stop "with signatures"

serve --key "$K/lab" --sign-key "$K/other.pem"
net_until 10 server_says "serving"
refused r1 "another server signs" 1 "without proof" --key "$K/lab" --verify-key "$K/verify.pem"
stop "with another's signatures"

# started NAME "case" TEXT [options]: wdscast does not start.
not_started() {
	local what=$1 text=$2

	shift 2
	net_start srv "$NET_DIR/r1.log" "$WDSCAST" --root "$ROOT" --port "af_packet:eth0" "$@"
	PID[r1]=$STARTED
	ended r1 10
	check_equal "$what: exit code" 3 "$STATUS"
	check "$what: it says why" error_says r1 "$text"
}
not_started "wdscast with a key that others may read" "chmod 600" --key "$K/open"
not_started "wdscast with a key that another user owns" "another user owns it" --key "$K/foreign"
not_started "wdscast with a public key for signatures" "chmod 600|no private RSA key" --key "$K/lab" --sign-key "$K/verify.pem"
not_started "wdscast with signatures alone" "shared key" --sign-key "$K/sign.pem"
lab_end
