/*
 * seeds DIR...: give each file there to a fuzz target once, where there is no libFuzzer. The first is the seeds', and
 * is to have some; of the others any may be absent.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In memory of just that size, so that a sanitizer sees what is read beyond it. */
static void give(int directory, const char *name)
{
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t *data;

	if (fd < 0 || fstat(fd, &st) != 0) {
		perror(name);
		exit(EXIT_FAILURE);
	}
	data = malloc(st.st_size > 0 ? (size_t)st.st_size : 1);
	if (data == NULL || read(fd, data, (size_t)st.st_size) != st.st_size) {
		perror(name);
		exit(EXIT_FAILURE);
	}
	LLVMFuzzerTestOneInput(data, (size_t)st.st_size);
	free(data);
	close(fd);
}

static unsigned give_all(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	unsigned given = 0;

	if (dir == NULL) {
		if (errno == ENOENT)
			return 0;
		perror(path);
		exit(EXIT_FAILURE);
	}
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_type == DT_DIR)
			continue;
		give(dirfd(dir), entry->d_name);
		given++;
	}
	closedir(dir);
	return given;
}

int main(int argc, char **argv)
{
	unsigned given = argc > 1 ? give_all(argv[1]) : 0;

	if (given == 0) {
		fprintf(stderr, "usage: %s DIR...; the first has seeds\n", argv[0]);
		return 2;
	}
	for (int i = 2; i < argc; i++)
		given += give_all(argv[i]);
	printf("@tests %u 0\n", given);
	return EXIT_SUCCESS;
}
