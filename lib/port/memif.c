#include "port/memif.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/host.h"
#include "port/spec.h"

enum {
	RETRY_MS = 50,
	GREETING_MS = 10000,    /* its interrupt thread needs a moment of a core, no more */
	MESSAGE_BYTES = 128,    /* of the memif protocol, always */
	MESSAGE_ADD_REGION = 4, /* its type, the first two bytes: these two bring a descriptor */
	MESSAGE_ADD_RING = 5,
	MESSAGE_DISCONNECT = 8,
	PACKET_BYTES = 2048,    /* of a slot: a frame of 1518 bytes */
	LOG2_RING = 11,         /* 2048 slots each way: nothing is lost when it is full, and a larger one leaves the caches */
};

static socklen_t address_of(const char *path, struct sockaddr_un *out)
{
	size_t len = strlen(path);

	memset(out, 0, sizeof(*out));
	out->sun_family = AF_UNIX;
	memcpy(out->sun_path, path, len);
	if (path[0] == '@') /* of the abstract namespace; as the driver spells it: without a NUL at the end */
		out->sun_path[0] = '\0';
	else
		len++;
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

/* A descriptor, or -1 and errno. */
static int connect_to(const char *path)
{
	struct sockaddr_un a;
	socklen_t len = address_of(path, &a);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), error;

	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, len) == 0)
		return fd;
	error = errno;
	if (fd >= 0)
		close(fd);
	errno = error;
	return -1;
}

static int listen_at(const char *path)
{
	struct sockaddr_un a;
	socklen_t len = address_of(path, &a);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), error;

	if (fd >= 0 && bind(fd, (struct sockaddr *)&a, len) == 0 && listen(fd, 4) == 0)
		return fd;
	error = errno;
	if (fd >= 0)
		close(fd);
	errno = error;
	return -1;
}

static enum wdscast_err check_directory(const char *path, char *why)
{
	char copy[MEMIF_PATH_BYTES];
	const char *directory;
	struct stat s;

	snprintf(copy, sizeof(copy), "%s", path);
	directory = dirname(copy);
	if (stat(directory, &s) != 0 || !S_ISDIR(s.st_mode))
		return port_fail(WDSCAST_ENODEV, why, "memif:%s: there is no directory %s", path, directory);
	return WDSCAST_OK;
}

/* Make way for a server's socket: what a dead server left may go, nothing else. */
static enum wdscast_err clear_path(const char *path, char *why)
{
	struct stat s;
	int fd;

	if (lstat(path, &s) != 0)
		return WDSCAST_OK;
	if (!S_ISSOCK(s.st_mode))
		return port_fail(WDSCAST_EADDRINUSE, why, "memif:%s: is there already, and is no socket", path);
	fd = connect_to(path);
	if (fd >= 0)
		close(fd);
	if (fd >= 0 || errno != ECONNREFUSED)
		return port_fail(WDSCAST_EADDRINUSE, why, "memif:%s: is in use by another server", path);
	if (unlink(path) != 0)
		return port_fail(WDSCAST_EPERM, why, "memif:%s: what a dead server left cannot be removed: %s", path,
		                 strerror(errno));
	return WDSCAST_OK;
}

static enum wdscast_err listen_as_server(struct memif *m, char *why)
{
	enum wdscast_err err = clear_path(m->path, why);

	snprintf(m->driver_path, sizeof(m->driver_path), "%.100s.dpdk", m->path);
	if (err == WDSCAST_OK)
		err = clear_path(m->driver_path, why);
	if (err != WDSCAST_OK)
		return err;
	m->listener = listen_at(m->path);
	if (m->listener < 0)
		return port_fail(errno == EACCES ? WDSCAST_EPERM : WDSCAST_EIO, why, "memif:%s: cannot listen: %s",
		                 m->path, strerror(errno));
	return WDSCAST_OK;
}

static enum wdscast_err listen_for_driver(struct memif *m, char *why)
{
	static _Atomic unsigned count;

	snprintf(m->driver_path, sizeof(m->driver_path), "@wdscast-%d-%u", (int)getpid(), atomic_fetch_add(&count, 1));
	m->listener = listen_at(m->driver_path);
	if (m->listener < 0)
		return port_fail(WDSCAST_EIO, why, "memif:%s: no socket for the driver: %s", m->path, strerror(errno));
	return WDSCAST_OK;
}

enum wdscast_err memif_open(struct memif *m, const char *path, bool server, char *why)
{
	enum wdscast_err err = check_directory(path, why);

	memset(m, 0, sizeof(*m));
	if (err != WDSCAST_OK)
		return err;
	if (strlen(path) > 100)
		return port_fail(WDSCAST_EINVAL, why, "memif:%.40s...: the path of a socket has at most 100 bytes", path);
	if (strchr(path, ',') != NULL || path[0] == '@')
		return port_fail(WDSCAST_EINVAL, why, "memif:%s: a path without commas, please", path);
	snprintf(m->path, sizeof(m->path), "%s", path);
	m->server = server;
	m->stop = eventfd(0, EFD_CLOEXEC);
	if (m->stop < 0)
		return port_fail(WDSCAST_ENOMEM, why, "memif:%s: no descriptor left", path);
	err = server ? listen_as_server(m, why) : listen_for_driver(m, why);
	if (err != WDSCAST_OK)
		close(m->stop);
	return err;
}

void memif_arguments(const struct memif *m, uint32_t mtu, char *out, unsigned bytes)
{
	uint32_t packet = mtu + 64 > PACKET_BYTES ? (mtu + 64 + 1023) / 1024 * 1024 : PACKET_BYTES;
	bool abstract = m->driver_path[0] == '@';

	snprintf(out, bytes, "role=%s,socket=%s,socket-abstract=%s,rsize=%d,bsize=%u", m->server ? "server" : "client",
	         m->driver_path + (abstract ? 1 : 0), abstract ? "yes" : "no", LOG2_RING, packet);
}

/*
 * The descriptor of a message into *fd, -1: none. A peer can send more in the room that there is: those would
 * stay open for ever, so they are closed, and it is false.
 */
static bool take_descriptor(struct msghdr *message, int *fd)
{
	bool one = (message->msg_flags & MSG_CTRUNC) == 0;

	*fd = -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int each;

			memcpy(&each, CMSG_DATA(c) + i * sizeof(each), sizeof(each));
			if (*fd >= 0)
				close(each);
			one = one && *fd < 0;
			*fd = *fd >= 0 ? *fd : each;
		}
	}
	return one;
}

/* One message from one side to the other, with the descriptor it may carry. False: the channel ends. */
static bool pass(int from, int to, bool from_peer)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
	char bytes[MESSAGE_BYTES] = { 0 };
	struct iovec iov = { bytes, sizeof(bytes) };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
		                  .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(from, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	uint16_t type;
	bool ok;
	int fd;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	ok = take_descriptor(&message, &fd) && n == MESSAGE_BYTES;
	memcpy(&type, bytes, sizeof(type));
	ok = ok && (fd < 0 || type == MESSAGE_ADD_REGION || type == MESSAGE_ADD_RING); /* the driver forgets others open */
	iov.iov_len = (size_t)n;
	if (fd < 0)
		message.msg_control = NULL, message.msg_controllen = 0;
	/* The driver must not learn from a message that the peer goes: see the gate. */
	ok = ok && !(from_peer && type == MESSAGE_DISCONNECT) &&
	     sendmsg(to, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == MESSAGE_BYTES;
	if (fd >= 0)
		close(fd);
	return ok;
}

/* True: stop() was called. Otherwise when fd can be read or after timeout_ms. */
static bool wait_or_stop(struct memif *m, int fd, int timeout_ms)
{
	struct pollfd p[2] = { { .fd = m->stop, .events = POLLIN }, { .fd = fd, .events = POLLIN } };

	poll(p, 2, timeout_ms);
	return p[0].revents != 0;
}

static bool is_ours(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.pid == getpid();
}

/* The driver is waiting in our backlog, or is about to. Another process has no business there. */
static int accept_driver(struct memif *m)
{
	int fd;

	do {
		if (wait_or_stop(m, m->listener, -1))
			return -1;
		fd = accept4(m->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0 && is_ours(fd))
			return fd;
		if (fd >= 0)
			close(fd);
	} while (fd >= 0 || errno == EINTR || errno == ECONNABORTED);
	return -1;
}

/* Both ends of a channel; false: stop() was called, or the channel cannot be. */
static bool connect_client(struct memif *m, int *peer, int *driver)
{
	*driver = accept_driver(m);
	while (*driver >= 0 && (*peer = connect_to(m->path)) < 0)
		if (wait_or_stop(m, -1, RETRY_MS))
			return false;
	return *driver >= 0;
}

/*
 * A driver that cannot send its greeting, because the other end is closed already, closes a descriptor that
 * EAL still polls, and EAL gives up the process. So whatever comes next, the greeting is waited for.
 */
static void await_greeting(int driver)
{
	struct pollfd p = { .fd = driver, .events = POLLIN };

	while (poll(&p, 1, GREETING_MS) < 0 && errno == EINTR)
		;
}

static bool connect_server(struct memif *m, int *peer, int *driver)
{
	if (wait_or_stop(m, m->listener, -1))
		return false;
	*peer = accept4(m->listener, NULL, NULL, SOCK_CLOEXEC);
	*driver = *peer >= 0 ? connect_to(m->driver_path) : -1;
	if (*driver >= 0)
		await_greeting(*driver);
	return true;
}

static bool carry(struct memif *m, int peer, int driver)
{
	struct pollfd p[3] = { { .fd = m->stop, .events = POLLIN },
		               { .fd = peer, .events = POLLIN },
		               { .fd = driver, .events = POLLIN } };

	for (;;) {
		if (poll(p, 3, -1) < 0 && errno != EINTR)
			return true;
		if (p[0].revents != 0)
			return false;
		if ((p[1].revents != 0 && !pass(peer, driver, true)) ||
		    (p[2].revents != 0 && !pass(driver, peer, false)))
			return true;
	}
}

static void keep_worker_out(struct memif *m)
{
	atomic_store(&m->closed, true);
	while (atomic_load(&m->busy))
		host_nap(10 * NS_PER_US);
}

/* One channel from its beginning to its end; false: stop() was called. */
static bool run_channel(struct memif *m)
{
	int peer = -1, driver = -1;
	bool go_on = m->server ? connect_server(m, &peer, &driver) : connect_client(m, &peer, &driver);

	if (go_on && peer >= 0 && driver >= 0)
		go_on = carry(m, peer, driver);
	keep_worker_out(m);
	if (peer >= 0)
		close(peer);
	if (driver >= 0)
		close(driver);
	return go_on;
}

static void run(void *arg)
{
	struct memif *m = arg;

	while (run_channel(m)) {
		while (!m->driver.settle(m->driver.arg))
			if (wait_or_stop(m, -1, RETRY_MS))
				return;
		atomic_store(&m->closed, false);
	}
}

bool memif_start(struct memif *m, const struct memif_driver *driver)
{
	m->driver = *driver;
	m->thread = host_thread_start("wds-memif", -1, run, m);
	return m->thread != NULL;
}

void memif_stop(struct memif *m)
{
	uint64_t one = 1;

	if (m->thread == NULL)
		return;
	if (write(m->stop, &one, sizeof(one)) == sizeof(one))
		host_thread_join(m->thread);
	m->thread = NULL;
}

void memif_close(struct memif *m)
{
	if (m->server)
		unlink(m->path); /* while it is ours for sure */
	close(m->listener);
	close(m->stop);
}
