#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sink.h"

/*
 * A sync each PAUSE, or when so much is waiting; and when a sync takes long, pauses that are as long, so that
 * a slow disk has half of its time for the data.
 */
#define PAUSE_S 0.1
#define PAUSE_MAX_S 2.0
#define ENOUGH_BYTES (64u << 20)

struct journal {
	char path[PATH_MAX];
	int data_fd, fd;
	enum journal_found found;
	struct journal_image image; /* image.done: once the thread runs, the thread's */
	pthread_t thread;
	bool runs;

	pthread_mutex_t lock;
	pthread_cond_t changed;     /* on CLOCK_MONOTONIC */
	struct spans fresh;         /* written, and not yet known to be on the disk */
	uint64_t fresh_bytes;
	bool stopping;
	int failed;                 /* errno of the sync that failed */
};

struct journal *journal_open(const char *path, int data_fd)
{
	struct journal *j = calloc(1, sizeof(*j));
	pthread_condattr_t monotonic;

	if (j == NULL)
		return NULL;
	snprintf(j->path, sizeof(j->path), "%s", path);
	j->data_fd = data_fd;
	pthread_mutex_init(&j->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&j->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	j->fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	if (j->fd >= 0)
		j->found = journal_file_read(j->fd, &j->image);
	else
		j->found = errno == ENOENT ? JOURNAL_NONE : JOURNAL_DAMAGED;
	return j;
}

/* ---- the thread ---- */

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The data first: only then is it true. */
static bool make_safe(struct journal *j, const struct spans *fresh)
{
	return fdatasync(j->data_fd) == 0 && journal_file_write_done(j->fd, &j->image, fresh) && fdatasync(j->fd) == 0;
}

static bool add_all(struct spans *to, const struct spans *from)
{
	bool added = true;

	for (size_t i = 0; i < from->n && added; i++)
		added = spans_add(to, from->v[i].start, from->v[i].end);
	return added;
}

/* Under the lock. Something waits: until it is worth a sync, or time for one. */
static void wait_for_more(struct journal *j, double until)
{
	struct timespec t = { .tv_sec = (time_t)until, .tv_nsec = (long)((until - (double)(time_t)until) * 1e9) };

	while (!j->stopping && j->fresh_bytes < ENOUGH_BYTES)
		if (pthread_cond_timedwait(&j->changed, &j->lock, &t) == ETIMEDOUT)
			return;
}

/* Under the lock, which is let go of meanwhile. Returns how long the disk took. */
static double sync_fresh(struct journal *j)
{
	struct spans fresh = j->fresh;
	double began = now_s();
	int failed;

	j->fresh = (struct spans){ 0 };
	j->fresh_bytes = 0;
	pthread_mutex_unlock(&j->lock);
	errno = ENOMEM;
	failed = make_safe(j, &fresh) && add_all(&j->image.done, &fresh) ? 0 : errno;
	spans_free(&fresh);
	pthread_mutex_lock(&j->lock);
	if (j->failed == 0)
		j->failed = failed;
	return now_s() - began;
}

static void *run(void *arg)
{
	struct journal *j = arg;
	double pause = PAUSE_S;

	pthread_mutex_lock(&j->lock);
	while (j->failed == 0 && (!j->stopping || j->fresh.n > 0)) {
		if (j->fresh.n == 0) {
			pthread_cond_wait(&j->changed, &j->lock);
			continue;
		}
		wait_for_more(j, now_s() + pause);
		pause = sync_fresh(j);
		pause = pause < PAUSE_S ? PAUSE_S : pause > PAUSE_MAX_S ? PAUSE_MAX_S : pause;
	}
	pthread_mutex_unlock(&j->lock);
	return NULL;
}

bool journal_note(struct journal *j, uint64_t start, uint64_t end)
{
	int failed;

	pthread_mutex_lock(&j->lock);
	if (j->failed == 0 && !spans_add(&j->fresh, start, end))
		j->failed = ENOMEM;
	j->fresh_bytes += end - start;
	failed = j->failed;
	if (j->fresh_bytes == end - start || j->fresh_bytes >= ENOUGH_BYTES)
		pthread_cond_signal(&j->changed);
	pthread_mutex_unlock(&j->lock);
	errno = failed;
	return failed == 0;
}

bool journal_stop(struct journal *j)
{
	if (j->runs) {
		pthread_mutex_lock(&j->lock);
		j->stopping = true;
		pthread_cond_signal(&j->changed);
		pthread_mutex_unlock(&j->lock);
		pthread_join(j->thread, NULL);
		j->runs = false;
	}
	errno = j->failed;
	return j->failed == 0;
}

/* ---- to go on, or to start anew ---- */

enum verdict { START_ANEW, GO_ON, GO_ON_MIXED, REFUSE };

static bool same_object(const struct journal_object *a, const struct journal_object *b)
{
	return strcmp(a->server, b->server) == 0 && strcmp(a->name_space, b->name_space) == 0 &&
	       strcmp(a->object, b->object) == 0;
}

static enum verdict say(enum verdict v, char why[JOURNAL_WHY_BYTES], const char *text)
{
	snprintf(why, JOURNAL_WHY_BYTES, "%s", text);
	return v;
}

/* Is what the journal tells of part of what the server has now? */
static enum verdict judge_content(const struct journal *j, const struct journal_object *now, bool has_digest, char *why)
{
	const struct journal_object *was = &j->image.object;
	bool both = was->stamp[0] != '\0' && now->stamp[0] != '\0';

	if (was->size != now->size)
		return say(START_ANEW, why, "starting anew: the object has another size now");
	if (both && strcmp(was->stamp, now->stamp) != 0)
		return say(START_ANEW, why, "starting anew: the object was replaced or changed on the server");
	if (!j->image.mixed && (both || was->session_id == now->session_id))
		return GO_ON;
	if (has_digest)
		return j->image.mixed ? GO_ON : GO_ON_MIXED;
	snprintf(why, JOURNAL_WHY_BYTES,
	         "the server does not tell whether this is still the content that %.256s begins with: give --sha256, by "
	         "which the whole is verified, or remove that journal to start anew",
	         j->path);
	return REFUSE;
}

/* Does the journal tell of the file that lies here? */
static enum verdict judge(const struct journal *j, const struct journal_object *now, bool has_digest, char *why)
{
	const struct journal_object *was = &j->image.object;
	struct stat data;

	if (j->found == JOURNAL_NONE)
		return START_ANEW;
	if (j->found == JOURNAL_DAMAGED)
		return say(START_ANEW, why, "starting anew: the journal of what was received cannot be read");
	if (!same_object(was, now)) {
		snprintf(why, JOURNAL_WHY_BYTES,
		         "%.128s is of %.64s %.64s from %.64s: remove it, or give another name with -o", j->path,
		         was->name_space, was->object, was->server);
		return REFUSE;
	}
	if (fstat(j->data_fd, &data) != 0 || (uint64_t)data.st_ino != j->image.inode || (uint64_t)data.st_size != was->size)
		return say(START_ANEW, why, "starting anew: what was received is not there as the journal tells");
	return judge_content(j, now, has_digest, why);
}

static bool fail(const struct journal *j, char why[JOURNAL_WHY_BYTES])
{
	snprintf(why, JOURNAL_WHY_BYTES, "cannot keep the journal %.300s: %s", j->path, strerror(errno));
	return false;
}

/* Nothing is on the disk that tells of the file when it is emptied. */
static bool remove_old(struct journal *j)
{
	if (j->fd >= 0)
		close(j->fd);
	j->fd = -1;
	spans_free(&j->image.done);
	if (unlink(j->path) != 0 && errno != ENOENT)
		return false;
	sink_sync_directory_of(j->path);
	return ftruncate(j->data_fd, 0) == 0;
}

static bool start_anew(struct journal *j, const struct journal_object *now)
{
	struct stat data;

	if (!remove_old(j) || fstat(j->data_fd, &data) != 0)
		return false;
	j->image = (struct journal_image){ .inode = (uint64_t)data.st_ino, .object = *now };
	j->fd = open(j->path, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (j->fd < 0 || !journal_file_write_head(j->fd, &j->image) || fsync(j->fd) != 0)
		return false;
	sink_sync_directory_of(j->path);
	return true;
}

/* What is after the last line that makes sense is cut off, so that the next one stands by itself. */
static bool go_on(struct journal *j, bool mixed)
{
	if (ftruncate(j->fd, (off_t)j->image.good_bytes) != 0)
		return false;
	if (mixed && !journal_file_write_mixed(j->fd, &j->image))
		return false;
	return fsync(j->fd) == 0;
}

bool journal_begin(struct journal *j, const struct journal_object *now, bool has_digest, char why[JOURNAL_WHY_BYTES])
{
	enum verdict v;

	why[0] = '\0';
	v = judge(j, now, has_digest, why);
	if (v == REFUSE)
		return false;
	if (!(v == START_ANEW ? start_anew(j, now) : go_on(j, v == GO_ON_MIXED)))
		return fail(j, why);
	errno = pthread_create(&j->thread, NULL, run, j);
	j->runs = errno == 0;
	return j->runs || fail(j, why);
}

const struct spans *journal_done(const struct journal *j)
{
	return &j->image.done;
}

bool journal_is_whole(const struct journal *j)
{
	return j->image.object.size == 0 || spans_end(&j->image.done, 0) == j->image.object.size;
}

bool journal_has_some(const struct journal *j)
{
	return j->image.done.n > 0;
}

void journal_remove(struct journal *j)
{
	unlink(j->path);
}

void journal_close(struct journal *j)
{
	if (j == NULL)
		return;
	journal_stop(j);
	if (j->fd >= 0)
		close(j->fd);
	spans_free(&j->image.done);
	spans_free(&j->fresh);
	pthread_cond_destroy(&j->changed);
	pthread_mutex_destroy(&j->lock);
	free(j);
}
