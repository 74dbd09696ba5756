/*
 * soak_receiver SERVER NAMESPACE OBJECT IMAGE [SEED]
 *
 * One process that receives an object again and again, and leaves in mid-session now and then. A line on standard
 * input, a number of seconds, begins a round, and 0 ends it; once its sessions are closed, a line on standard output tells what they
 * came to. Each byte is compared with the image. WDSCAST_PORT chooses the port.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <wdscast.h>
#include <wdserror.h>
#include <wdstci.h>

enum { CACHE_BYTES = 4 << 20, NAME_UNITS = 512, LEAVES_ONE_IN = 3, LEAVES_WITHIN_MS = 1500, PAUSE_US = 100000 };

static struct {
	const uint8_t *bytes;
	uint64_t size;
} image;

static struct {
	unsigned whole, left, failed;
	uint64_t slots, buffers; /* that sessions had at their ends: the sum, and the least */
} round_;

static uint64_t least_buffers = UINT64_MAX;

struct session {
	uint64_t received;
	bool wrong;
};

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The reference is held for longer than the callback's own, as by a consumer that writes elsewhere. */
static VOID CALLBACK on_contents(HANDLE key, PVOID caller, PVOID bytes, ULONG len, PULARGE_INTEGER offset)
{
	struct session *s = caller;

	WdsTransportClientAddRefBuffer(bytes);
	WdsTransportClientCompleteReceive(key, len, offset);
	if (offset->QuadPart + len > image.size || memcmp(bytes, image.bytes + offset->QuadPart, len) != 0)
		s->wrong = true;
	s->received += len;
	WdsTransportClientReleaseBuffer(bytes);
}

static VOID CALLBACK on_start(HANDLE key, PVOID caller, PULARGE_INTEGER size)
{
	struct session *s = caller;

	(void)key;
	s->wrong = size->QuadPart != image.size;
}

/* Whoever waits for the session's end reads its result. */
static VOID CALLBACK on_complete(HANDLE key, PVOID caller, DWORD code)
{
	(void)key;
	(void)caller;
	(void)code;
}

static DWORD register_callbacks(HANDLE key)
{
	DWORD code = WdsTransportClientRegisterCallback(key, WDS_TRANSPORTCLIENT_SESSION_START, (PVOID)(uintptr_t)on_start);

	if (code == ERROR_SUCCESS)
		code = WdsTransportClientRegisterCallback(key, WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS,
		                                          (PVOID)(uintptr_t)on_contents);
	if (code == ERROR_SUCCESS)
		code = WdsTransportClientRegisterCallback(key, WDS_TRANSPORTCLIENT_SESSION_COMPLETE,
		                                          (PVOID)(uintptr_t)on_complete);
	return code;
}

static DWORD open_session(char **names, struct session *s, HANDLE *key)
{
	char16_t text[3][NAME_UNITS];
	WDS_TRANSPORTCLIENT_REQUEST request = { .ulLength = sizeof(request),
		                                .ulApiVersion = WDS_TRANSPORTCLIENT_CURRENT_API_VERSION,
		                                .ulAuthLevel = WDS_TRANSPORTCLIENT_NO_AUTH,
		                                .pwszServer = text[0],
		                                .pwszNamespace = text[1],
		                                .pwszObjectName = text[2],
		                                .ulCacheSize = CACHE_BYTES,
		                                .ulProtocol = WDS_TRANSPORTCLIENT_PROTOCOL_MULTICAST };
	DWORD code;

	for (int i = 0; i < 3; i++)
		wdscast_utf16(names[i], text[i], NAME_UNITS);
	code = WdsTransportClientInitializeSession(&request, s, key);
	if (code == ERROR_SUCCESS)
		code = register_callbacks(*key);
	return code == ERROR_SUCCESS ? WdsTransportClientStartSession(*key) : code;
}

/* Its end, whole or not; some leave before. */
static DWORD see_to_the_end(HANDLE key, bool *left)
{
	ULONG status, result = ERROR_GEN_FAILURE;

	*left = rand() % LEAVES_ONE_IN == 0 &&
	        WdsTransportClientWaitForCompletion(key, (ULONG)(rand() % LEAVES_WITHIN_MS)) != ERROR_SUCCESS;
	if (*left)
		WdsTransportClientCancelSession(key);
	if (WdsTransportClientWaitForCompletion(key, INFINITE) == ERROR_SUCCESS)
		WdsTransportClientQueryStatus(key, &status, &result);
	return result;
}

/* Whoever has given all back when a session is over leaves no slot in use; the port's buffers come and go. */
static void count_kept(HANDLE key, bool whole)
{
	struct wdscast_session_counters s = { .size = sizeof(s) };
	struct wdscast_port_counters p = { .size = sizeof(p) };

	if (whole && wdscast_read_session_counters(key, &s) == ERROR_SUCCESS)
		round_.slots += s.slots_used;
	for (int tries = 0; tries < 5 && wdscast_read_port_counters(key, &p) == ERROR_SUCCESS; tries++) {
		if (p.buffers_used < round_.buffers)
			round_.buffers = p.buffers_used;
		if (p.buffers_used <= least_buffers)
			break;
		usleep(PAUSE_US); /* some are of frames that have just come */
	}
	if (round_.buffers < least_buffers)
		least_buffers = round_.buffers;
}

static void run_session(char **names)
{
	struct session s = { 0 };
	HANDLE key = NULL;
	bool left = false;
	DWORD code = open_session(names, &s, &key);

	if (code == ERROR_SUCCESS)
		code = see_to_the_end(key, &left);
	if (key != NULL) {
		count_kept(key, code == ERROR_SUCCESS);
		WdsTransportClientCloseSession(key);
	}
	if (s.wrong || (code == ERROR_SUCCESS && s.received != image.size) || (code != ERROR_SUCCESS && !left)) {
		fprintf(stderr, "%s: %s\n", s.wrong ? "WRONG BYTES" : wdscast_error_text(code), wdscast_last_error_text());
		round_.failed++;
		usleep(PAUSE_US);
	} else if (code == ERROR_SUCCESS) {
		round_.whole++;
	} else {
		round_.left++;
	}
}

static bool map_image(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return false;
	image.size = (uint64_t)st.st_size;
	image.bytes = mmap(NULL, image.size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	close(fd);
	return image.bytes != MAP_FAILED;
}

int main(int argc, char **argv)
{
	unsigned number = 0, seconds;

	if (argc < 5 || !map_image(argv[4])) {
		fprintf(stderr, "usage: soak_receiver SERVER NAMESPACE OBJECT IMAGE [SEED]\n");
		return 2;
	}
	srand(argc > 5 ? (unsigned)atoi(argv[5]) : 1);
	if (WdsTransportClientInitialize() != ERROR_SUCCESS)
		return 3;
	while (scanf("%u", &seconds) == 1 && seconds > 0) {
		double end = now_s() + seconds;

		memset(&round_, 0, sizeof(round_));
		round_.buffers = UINT64_MAX;
		do
			run_session(&argv[1]);
		while (now_s() < end);
		printf("round %u: %u whole, %u left, %u failed; %llu slots, %llu buffers\n", ++number, round_.whole, round_.left,
		       round_.failed, (unsigned long long)round_.slots, (unsigned long long)round_.buffers);
		fflush(stdout);
	}
	WdsTransportClientShutdown();
	return 0;
}
