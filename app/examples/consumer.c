/*
 * consumer SERVER NAMESPACE OBJECT FILE
 *
 * A consumer in the way of a Windows program: it writes each block inside the callback, with a blocking
 * positioned write, and completes it there. That is all the flow control there is: while the callback runs
 * no other block of the session is delivered.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <wdscast.h>
#include <wdserror.h>
#include <wdstci.h>

#define CACHE_BYTES 0x2000000 /* 32 MiB: more is faster on a disk that stops now and then */
#define NAME_UNITS 512

/* What the callbacks need: pCallerData. */
struct download {
	int file;
};

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static VOID CALLBACK SessionStart(HANDLE hSessionKey, PVOID pCallerData, PULARGE_INTEGER ullFileSize)
{
	(void)hSessionKey;
	(void)pCallerData;
	printf("start: %" PRIu64 " bytes\n", ullFileSize->QuadPart);
}

/* False: errno tells. */
static int write_all(int file, const char *bytes, size_t len, uint64_t offset)
{
	while (len > 0) {
		ssize_t n = pwrite(file, bytes, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return 0;
		bytes += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 1;
}

static VOID CALLBACK ReceiveContents(HANDLE hSessionKey, PVOID pCallerData, PVOID pContents, ULONG ulSize,
                                     PULARGE_INTEGER pullContentOffset)
{
	struct download *download = pCallerData;

	if (!write_all(download->file, pContents, ulSize, pullContentOffset->QuadPart)) {
		fprintf(stderr, "consumer: cannot write: %s\n", strerror(errno));
		WdsTransportClientCancelSession(hSessionKey);
		return;
	}
	WdsTransportClientCompleteReceive(hSessionKey, ulSize, pullContentOffset);
}

static VOID CALLBACK SessionComplete(HANDLE hSessionKey, PVOID pCallerData, DWORD dwError)
{
	(void)hSessionKey;
	(void)pCallerData;
	printf("complete: 0x%08" PRIX32 " (%s)\n", dwError, wdscast_error_text(dwError));
}

static DWORD RegisterCallbacks(HANDLE hSessionKey)
{
	DWORD code = WdsTransportClientRegisterCallback(hSessionKey, WDS_TRANSPORTCLIENT_SESSION_COMPLETE,
	                                                (PVOID)(uintptr_t)SessionComplete);

	if (code == ERROR_SUCCESS)
		code = WdsTransportClientRegisterCallback(hSessionKey, WDS_TRANSPORTCLIENT_SESSION_START,
		                                          (PVOID)(uintptr_t)SessionStart);
	if (code == ERROR_SUCCESS)
		code = WdsTransportClientRegisterCallback(hSessionKey, WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS,
		                                          (PVOID)(uintptr_t)ReceiveContents);
	return code;
}

/* One session from its start to its end. Only when it is over may the file be closed. */
static DWORD Run(HANDLE hSessionKey)
{
	ULONG status, result;
	DWORD code = RegisterCallbacks(hSessionKey);

	if (code == ERROR_SUCCESS)
		code = WdsTransportClientStartSession(hSessionKey);
	if (code == ERROR_SUCCESS)
		code = WdsTransportClientWaitForCompletion(hSessionKey, INFINITE);
	if (code == ERROR_SUCCESS)
		code = WdsTransportClientQueryStatus(hSessionKey, &status, &result);
	return code == ERROR_SUCCESS ? result : code;
}

static DWORD Download(char **names, struct download *download)
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
	char16_t *const texts[] = { server, name_space, object };
	HANDLE hSessionKey;
	DWORD code;

	for (int i = 0; i < 3; i++) {
		size_t units = wdscast_utf16(names[i], texts[i], NAME_UNITS);

		if (units == 0 || units > NAME_UNITS)
			return ERROR_INVALID_PARAMETER;
	}
	code = WdsTransportClientInitializeSession(&request, download, &hSessionKey);
	if (code != ERROR_SUCCESS)
		return code;
	code = Run(hSessionKey);
	WdsTransportClientCloseSession(hSessionKey);
	return code;
}

int main(int argc, char **argv)
{
	struct download download;
	double begin = now_s();
	DWORD code;

	if (argc != 5) {
		fprintf(stderr, "usage: consumer SERVER NAMESPACE OBJECT FILE\n");
		return 2;
	}
	download.file = open(argv[4], O_WRONLY | O_CREAT | O_TRUNC, 0666);
	if (download.file < 0) {
		fprintf(stderr, "consumer: %s: %s\n", argv[4], strerror(errno));
		return 1;
	}
	code = WdsTransportClientInitialize();
	if (code == ERROR_SUCCESS)
		code = Download(&argv[1], &download);
	if (code != ERROR_SUCCESS)
		fprintf(stderr, "consumer: %s %s\n", wdscast_error_text(code), wdscast_last_error_text());
	WdsTransportClientShutdown();
	if (close(download.file) != 0 && code == ERROR_SUCCESS)
		code = ERROR_GEN_FAILURE;
	printf("result: 0x%08" PRIX32 ", %.3f seconds\n", code, now_s() - begin);
	return code != ERROR_SUCCESS;
}
