/*
 * async_consumer SERVER NAMESPACE OBJECT FILE
 *
 * A consumer whose callback takes a reference to the block and returns at once; a thread of its own writes
 * it, gives the reference back and completes the block. So the disk and the network work at the same time,
 * and ulCacheSize limits what waits in the queue.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <wdscast.h>
#include <wdserror.h>
#include <wdstci.h>

#define CACHE_BYTES 0x2000000 /* 32 MiB */
#define NAME_UNITS 512

struct block {
	struct block *next;
	void *bytes;
	ULONG len;
	ULARGE_INTEGER offset;
};

struct download {
	int file;
	HANDLE session;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct block *first, **last; /* the queue; the lock's */
	int finished;                /* no block comes any more; the lock's */
	int failed;                  /* errno of the write that failed, or 0; the writer's */
	uint64_t blocks;             /* written; the writer's */
};

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- the queue ---- */

static void push(struct download *d, struct block *b)
{
	pthread_mutex_lock(&d->lock);
	*d->last = b;
	d->last = &b->next;
	pthread_cond_signal(&d->changed);
	pthread_mutex_unlock(&d->lock);
}

/* The next block; NULL when all are taken and none comes any more. */
static struct block *pop(struct download *d)
{
	struct block *b;

	pthread_mutex_lock(&d->lock);
	while (d->first == NULL && !d->finished)
		pthread_cond_wait(&d->changed, &d->lock);
	b = d->first;
	if (b != NULL)
		d->first = b->next;
	if (d->first == NULL)
		d->last = &d->first;
	pthread_mutex_unlock(&d->lock);
	return b;
}

static void finish(struct download *d)
{
	pthread_mutex_lock(&d->lock);
	d->finished = 1;
	pthread_cond_signal(&d->changed);
	pthread_mutex_unlock(&d->lock);
}

/* ---- the writer ---- */

/* 0, or errno. */
static int write_block(int file, const struct block *b)
{
	for (size_t done = 0; done < b->len;) {
		ssize_t n = pwrite(file, (char *)b->bytes + done, b->len - done, (off_t)(b->offset.QuadPart + done));

		if (n < 0 && errno != EINTR)
			return errno;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static void *writer(void *arg)
{
	struct download *d = arg;
	struct block *b;

	while ((b = pop(d)) != NULL) {
		if (d->failed == 0 && (d->failed = write_block(d->file, b)) != 0)
			WdsTransportClientCancelSession(d->session);
		d->blocks += d->failed == 0;
		WdsTransportClientReleaseBuffer(b->bytes);
		WdsTransportClientCompleteReceive(d->session, b->len, &b->offset);
		free(b);
	}
	return NULL;
}

/* ---- callbacks ---- */

static VOID CALLBACK SessionStartEx(HANDLE hSessionKey, PVOID pCallerData, PTRANSPORTCLIENT_SESSION_INFO Info)
{
	(void)hSessionKey;
	(void)pCallerData;
	printf("start: %" PRIu64 " bytes in blocks of %" PRIu32 "\n", Info->ullFileSize.QuadPart, Info->ulBlockSize);
}

static VOID CALLBACK ReceiveContents(HANDLE hSessionKey, PVOID pCallerData, PVOID pContents, ULONG ulSize,
                                     PULARGE_INTEGER pullContentOffset)
{
	struct block *b = malloc(sizeof(*b));

	if (b == NULL || WdsTransportClientAddRefBuffer(pContents) != ERROR_SUCCESS) {
		free(b);
		WdsTransportClientCancelSessionEx(hSessionKey, ERROR_NOT_ENOUGH_MEMORY);
		return;
	}
	/* What pullContentOffset points to ends with this call: it is copied. */
	*b = (struct block){ .bytes = pContents, .len = ulSize, .offset = *pullContentOffset };
	push(pCallerData, b);
}

static VOID CALLBACK SessionComplete(HANDLE hSessionKey, PVOID pCallerData, DWORD dwError)
{
	(void)hSessionKey;
	printf("complete: 0x%08" PRIX32 " (%s)\n", dwError, wdscast_error_text(dwError));
	finish(pCallerData);
}

/* ---- the session ---- */

static DWORD RegisterCallbacks(HANDLE session)
{
	const struct {
		TRANSPORTCLIENT_CALLBACK_ID id;
		uintptr_t function;
	} callbacks[] = {
		{ WDS_TRANSPORTCLIENT_SESSION_STARTEX, (uintptr_t)SessionStartEx },
		{ WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS, (uintptr_t)ReceiveContents },
		{ WDS_TRANSPORTCLIENT_SESSION_COMPLETE, (uintptr_t)SessionComplete },
	};
	DWORD code = ERROR_SUCCESS;

	for (size_t i = 0; i < sizeof(callbacks) / sizeof(callbacks[0]) && code == ERROR_SUCCESS; i++)
		code = WdsTransportClientRegisterCallback(session, callbacks[i].id, (PVOID)callbacks[i].function);
	return code;
}

/* The session and its writer. The handle stays open until the writer has completed the last block. */
static DWORD Run(struct download *d)
{
	ULONG status, result = ERROR_SUCCESS;
	DWORD code = RegisterCallbacks(d->session);
	pthread_t thread;

	if (code != ERROR_SUCCESS)
		return code;
	if (pthread_create(&thread, NULL, writer, d) != 0)
		return ERROR_NOT_ENOUGH_MEMORY;
	code = WdsTransportClientStartSession(d->session);
	if (code == ERROR_SUCCESS)
		code = WdsTransportClientWaitForCompletion(d->session, INFINITE);
	else
		finish(d); /* no callback will */
	if (code == ERROR_SUCCESS)
		code = WdsTransportClientQueryStatus(d->session, &status, &result);
	pthread_join(thread, NULL);
	if (d->failed != 0)
		fprintf(stderr, "async_consumer: cannot write: %s\n", strerror(d->failed));
	if (code == ERROR_SUCCESS && result == ERROR_SUCCESS && d->failed != 0)
		return ERROR_GEN_FAILURE;
	return code == ERROR_SUCCESS ? result : code;
}

static DWORD Download(char **names, struct download *d)
{
	char16_t texts[3][NAME_UNITS];
	WDS_TRANSPORTCLIENT_REQUEST request = {
		.ulLength = sizeof(request),
		.ulApiVersion = WDS_TRANSPORTCLIENT_CURRENT_API_VERSION,
		.ulAuthLevel = WDS_TRANSPORTCLIENT_NO_AUTH,
		.pwszServer = texts[0],
		.pwszNamespace = texts[1],
		.pwszObjectName = texts[2],
		.ulCacheSize = CACHE_BYTES,
		.ulProtocol = WDS_TRANSPORTCLIENT_PROTOCOL_MULTICAST,
	};
	DWORD code;

	for (int i = 0; i < 3; i++) {
		size_t units = wdscast_utf16(names[i], texts[i], NAME_UNITS);

		if (units == 0 || units > NAME_UNITS)
			return ERROR_INVALID_PARAMETER;
	}
	code = WdsTransportClientInitializeSession(&request, d, &d->session);
	if (code != ERROR_SUCCESS)
		return code;
	code = Run(d);
	WdsTransportClientCloseSession(d->session);
	return code;
}

int main(int argc, char **argv)
{
	struct download d = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .last = &d.first };
	double begin = now_s();
	DWORD code;

	if (argc != 5) {
		fprintf(stderr, "usage: async_consumer SERVER NAMESPACE OBJECT FILE\n");
		return 2;
	}
	d.file = open(argv[4], O_WRONLY | O_CREAT | O_TRUNC, 0666);
	if (d.file < 0) {
		fprintf(stderr, "async_consumer: %s: %s\n", argv[4], strerror(errno));
		return 1;
	}
	code = WdsTransportClientInitialize();
	if (code == ERROR_SUCCESS)
		code = Download(&argv[1], &d);
	if (code != ERROR_SUCCESS)
		fprintf(stderr, "async_consumer: %s %s\n", wdscast_error_text(code), wdscast_last_error_text());
	WdsTransportClientShutdown();
	if (close(d.file) != 0 && code == ERROR_SUCCESS)
		code = ERROR_GEN_FAILURE;
	printf("result: 0x%08" PRIX32 ", %" PRIu64 " blocks, %.3f seconds\n", code, d.blocks, now_s() - begin);
	return code != ERROR_SUCCESS;
}
