#!/bin/bash
# A program of somebody else's: nothing but what `meson install` put there, pkg-config and a compiler, in C and
# in C++. Each fetches a file. Arguments: SOURCE BUILD
set -u
. "$1/tests/support/cases.sh"
. "$1/tests/support/netns.sh"
BUILD=$(realpath "$2")
net_begin
trap net_end EXIT
CASES_LOGS=("$NET_DIR"/{cc.err,server.log.err,out})

env DESTDIR="$NET_DIR/stage" meson install -C "$BUILD" --no-rebuild >"$NET_DIR/install.log" 2>&1
check_equal "meson install ends with 0" 0 $?
PC=$(find "$NET_DIR/stage" -name wdstci.pc)
check "wdstci.pc is installed" test -f "$PC"
for header in wdstci.h wdserror.h wdscast.h; do
	check "$header is installed" test -n "$(find "$NET_DIR/stage" -path "*/include/$header")"
done
for page in man1/wdsget.1 man1/wdscast.1 man7/wdstci.7 man3/WdsTransportClientInitialize.3; do
	check "$page is installed" test -n "$(find "$NET_DIR/stage" -path "*/man/$page*")"
done

# Where the package is staged; the flags are pkg-config's own.
export PKG_CONFIG_LIBDIR=${PC%/*} PKG_CONFIG_SYSROOT_DIR=$NET_DIR/stage PKG_CONFIG_PATH=
check "pkg-config knows the library" pkg-config --exists wdstci
check_equal "it asks for one library" "-lwdstci" "$(pkg-config --libs-only-l wdstci | xargs)"
check_equal "it asks for no other package" "" "$(pkg-config --print-requires wdstci)"
export LD_LIBRARY_PATH=$NET_DIR/stage$(pkg-config --variable=libdir wdstci | sed "s|^$NET_DIR/stage||")

mkdir "$NET_DIR/other"
cat >"$NET_DIR/other/get.c" <<'END'
#include <stdio.h>
#include <wdstci.h>

static unsigned long long received;

static VOID CALLBACK on_start(HANDLE session, PVOID file, PULARGE_INTEGER size)
{
	(void)session;
	(void)file;
	printf("%llu\n", (unsigned long long)size->QuadPart);
}

static VOID CALLBACK on_contents(HANDLE session, PVOID file, PVOID bytes, ULONG n, PULARGE_INTEGER offset)
{
	if (fseek((FILE *)file, (long)offset->QuadPart, SEEK_SET) == 0)
		received += fwrite(bytes, 1, n, (FILE *)file);
	WdsTransportClientCompleteReceive(session, n, offset);
}

static VOID CALLBACK on_complete(HANDLE session, PVOID file, DWORD code)
{
	(void)session;
	(void)file;
	printf("%llu received, code %u\n", received, code);
}

int main(int argc, char **argv)
{
	WDS_TRANSPORTCLIENT_REQUEST r = { sizeof(r), WDS_TRANSPORTCLIENT_CURRENT_API_VERSION, WDS_TRANSPORTCLIENT_NO_AUTH,
		u"10.99.0.1", u"images", u"a.img", 1u << 20, WDS_TRANSPORTCLIENT_PROTOCOL_MULTICAST, NULL, 0 };
	FILE *file = argc == 2 ? fopen(argv[1], "wb") : NULL;
	ULONG status = 0, code = 0;
	HANDLE s;

	if (file == NULL || WdsTransportClientInitialize() != 0 || WdsTransportClientInitializeSession(&r, file, &s) != 0)
		return 3;
	WdsTransportClientRegisterCallback(s, WDS_TRANSPORTCLIENT_SESSION_START, (PVOID)on_start);
	WdsTransportClientRegisterCallback(s, WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS, (PVOID)on_contents);
	WdsTransportClientRegisterCallback(s, WDS_TRANSPORTCLIENT_SESSION_COMPLETE, (PVOID)on_complete);
	if (WdsTransportClientStartSession(s) == 0)
		WdsTransportClientWaitForCompletion(s, INFINITE);
	WdsTransportClientQueryStatus(s, &status, &code);
	WdsTransportClientCloseSession(s);
	WdsTransportClientShutdown();
	return fclose(file) != 0 || status != WDS_TRANSPORTCLIENT_STATUS_SUCCESS;
}
END
cp "$NET_DIR/other/get.c" "$NET_DIR/other/get.cpp"
cd "$NET_DIR/other" || exit 3
check "it compiles as C" sh -c "cc -Wall -Wextra -Werror get.c -o get_c \$(pkg-config --cflags --libs wdstci) 2>../cc.err"
check "it compiles as C++" \
	sh -c "c++ -std=c++17 -Wall -Wextra -Werror get.cpp -o get_cpp \$(pkg-config --cflags --libs wdstci) 2>../cc.err"
check "it is linked with the staged library" \
	sh -c "ldd get_c | grep 'libwdstci.so.0 => $NET_DIR/stage/' >/dev/null"

net_switch && net_host srv 10.99.0.1 && net_host r1 10.99.0.11 || exit 3
mkdir -p "$NET_DIR/root/images"
net_real_file "$NET_DIR/root/images/a.img" 10000001
net_start srv "$NET_DIR/server.log" "$BUILD/app/wdscast" --root "$NET_DIR/root" --port af_packet:eth0
net_until 10 grep -qs serving "$NET_DIR/server.log" || exit 3
# Ported programs run unchanged: the port is told by the environment, or by the file it names.
echo "port = af_packet:eth0 # the only one" >wdscast.conf
for program in get_c get_cpp; do
	net_run r1 env WDSCAST_CONF="$PWD/wdscast.conf" timeout 60 "./$program" got >"$NET_DIR/out" 2>&1
	check_equal "$program ends with 0" 0 $?
	check "$program has every byte" cmp -s "$NET_DIR/root/images/a.img" got
	check "$program received each byte once" grep -q '^10000001 received, code 0$' "$NET_DIR/out"
done
cases_end
