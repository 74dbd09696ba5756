/*
 * sessions SERVER NAMESPACE DIRECTORY OBJECT...: a consumer of several sessions at once, each object into a file
 * of its name. Prints a line for each, "OBJECT CODE PORT", and then the port's counters of workers.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <wdscast.h>
#include <wdserror.h>
#include <wdstci.h>

enum { CACHE_BYTES = 4 << 20, NAME_UNITS = 256, OBJECTS_MAX = 32 };

struct download {
	HANDLE session;
	const char *name;
	int file;
	char port[512];
};

static VOID CALLBACK take_contents(HANDLE session, PVOID data, PVOID contents, ULONG bytes, PULARGE_INTEGER offset)
{
	struct download *d = data;

	if (pwrite(d->file, contents, bytes, (off_t)offset->QuadPart) != (ssize_t)bytes)
		WdsTransportClientCancelSession(session);
	WdsTransportClientCompleteReceive(session, bytes, offset);
}

static VOID CALLBACK ignore_end(HANDLE session, PVOID data, DWORD code)
{
	(void)session, (void)data, (void)code;
}

static VOID CALLBACK ignore_start(HANDLE session, PVOID data, PULARGE_INTEGER bytes)
{
	(void)session, (void)data, (void)bytes;
}

static DWORD set_callbacks(HANDLE session)
{
	DWORD code = WdsTransportClientRegisterCallback(session, WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS,
	                                                (PVOID)(uintptr_t)take_contents);

	if (code == ERROR_SUCCESS)
		code = WdsTransportClientRegisterCallback(session, WDS_TRANSPORTCLIENT_SESSION_COMPLETE,
		                                          (PVOID)(uintptr_t)ignore_end);
	if (code == ERROR_SUCCESS)
		code = WdsTransportClientRegisterCallback(session, WDS_TRANSPORTCLIENT_SESSION_START,
		                                          (PVOID)(uintptr_t)ignore_start);
	return code;
}

static DWORD start(struct download *d, const char *server_name, const char *name_space_name, const char *directory)
{
	char16_t server[NAME_UNITS], name_space[NAME_UNITS], object[NAME_UNITS];
	WDS_TRANSPORTCLIENT_REQUEST request = {
		.ulLength = sizeof(request),
		.ulApiVersion = WDS_TRANSPORTCLIENT_CURRENT_API_VERSION,
		.ulAuthLevel = WDS_TRANSPORTCLIENT_NO_AUTH,
		.pwszServer = server,
		.pwszNamespace = name_space,
		.pwszObjectName = object,
		.ulCacheSize = CACHE_BYTES,
		.ulProtocol = WDS_TRANSPORTCLIENT_PROTOCOL_MULTICAST,
	};
	char path[512];
	DWORD code;

	snprintf(path, sizeof(path), "%s/%s", directory, d->name);
	d->file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (d->file < 0 || wdscast_utf16(server_name, server, NAME_UNITS) - 1 >= NAME_UNITS ||
	    wdscast_utf16(name_space_name, name_space, NAME_UNITS) - 1 >= NAME_UNITS ||
	    wdscast_utf16(d->name, object, NAME_UNITS) - 1 >= NAME_UNITS)
		return ERROR_INVALID_PARAMETER;
	code = WdsTransportClientInitializeSession(&request, d, &d->session);
	if (code == ERROR_SUCCESS)
		code = set_callbacks(d->session);
	return code == ERROR_SUCCESS ? WdsTransportClientStartSession(d->session) : code;
}

static DWORD finish(struct download *d, struct wdscast_port_counters *counters)
{
	ULONG status, result = ERROR_GEN_FAILURE;
	DWORD code = WdsTransportClientWaitForCompletion(d->session, INFINITE);

	if (code == ERROR_SUCCESS)
		code = WdsTransportClientQueryStatus(d->session, &status, &result);
	wdscast_describe_port(d->session, d->port, sizeof(d->port));
	wdscast_read_port_counters(d->session, counters);
	close(d->file);
	return code == ERROR_SUCCESS ? result : code;
}

int main(int argc, char **argv)
{
	static struct download downloads[OBJECTS_MAX];
	struct wdscast_port_counters counters = { .size = sizeof(counters) };
	int n = argc - 4, failed = 0;
	DWORD code = WdsTransportClientInitialize();

	for (int i = 0; code == ERROR_SUCCESS && i < n && i < OBJECTS_MAX; i++) {
		downloads[i].name = argv[4 + i];
		code = start(&downloads[i], argv[1], argv[2], argv[3]);
	}
	if (code != ERROR_SUCCESS) {
		fprintf(stderr, "sessions: 0x%08" PRIX32 " %s\n", code, wdscast_last_error_text());
		return EXIT_FAILURE;
	}
	for (int i = 0; i < n && i < OBJECTS_MAX; i++) {
		code = finish(&downloads[i], &counters);
		failed += code != ERROR_SUCCESS;
		printf("%s 0x%08" PRIX32 " %s\n", downloads[i].name, code, downloads[i].port);
	}
	printf("datagrams %" PRIu64 " handed %" PRIu64 " dropped %" PRIu64 " missed %" PRIu64 "\n", counters.datagrams,
	       counters.handed, counters.handed_dropped, counters.rx_missed);
	WdsTransportClientShutdown();
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
