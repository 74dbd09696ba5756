/* A file by NORM (RFC 5740), through Debian's libnorm: for bench/run to compare with. */
#include <normApi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUP "239.193.7.8"
#define PORT 7008
#define SOCKET_BUFFER (4u << 20)
#define CACHE (32u << 20)
#define SEGMENT 1400
#define BLOCK 64
#define PARITY 8

static int usage(void)
{
	fputs("usage: norm tx INTERFACE FILE BITS_PER_SECOND | norm rx INTERFACE DIRECTORY\n"
	      "tx goes on until it is stopped; rx ends with the file.\n", stderr);
	return 2;
}

static bool send_file(NormSessionHandle session, const char *path, double rate)
{
	const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;

	NormSetTxRate(session, rate);
	return NormStartSender(session, 1, CACHE, SEGMENT, BLOCK, PARITY, 0) && NormSetTxSocketBuffer(session, SOCKET_BUFFER) &&
	       NormFileEnqueue(session, path, name, (unsigned)strlen(name)) != NORM_OBJECT_INVALID;
}

/* The file's name comes with the object: it takes the place of the one that the library made. */
static void rename_file(NormObjectHandle object, const char *directory)
{
	char name[256] = "", path[1024];
	UINT16 len = NormObjectGetInfo(object, name, sizeof(name) - 1);

	name[len] = '\0';
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	NormFileRename(object, path);
}

static int receive_file(NormInstanceHandle instance, const char *directory)
{
	NormEvent event;

	while (NormGetNextEvent(instance, &event, true)) {
		if (event.type == NORM_RX_OBJECT_INFO)
			rename_file(event.object, directory);
		if (event.type == NORM_RX_OBJECT_COMPLETED)
			return 0;
		if (event.type == NORM_RX_OBJECT_ABORTED)
			return 1;
	}
	return 1;
}

int main(int argc, char **argv)
{
	NormInstanceHandle instance;
	NormSessionHandle session;
	NormEvent event;

	if (argc < 4 || (strcmp(argv[1], "tx") == 0 ? argc != 5 : strcmp(argv[1], "rx") != 0 || argc != 4))
		return usage();
	instance = NormCreateInstance(false);
	session = NormCreateSession(instance, GROUP, PORT, argv[1][0] == 't' ? 1 : 2);
	NormSetMulticastInterface(session, argv[2]);
	if (argc == 5) {
		if (!send_file(session, argv[3], strtod(argv[4], NULL)))
			return 1;
		while (NormGetNextEvent(instance, &event, true))
			;
		return 0;
	}
	if (!NormSetCacheDirectory(instance, argv[3]) || !NormStartReceiver(session, CACHE) ||
	    !NormSetRxSocketBuffer(session, SOCKET_BUFFER))
		return 1;
	return receive_file(instance, argv[3]);
}
