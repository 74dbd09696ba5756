/* seeds DIR: give each file there to a fuzz target once, where there is no libFuzzer. */
#include <dirent.h>
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

int main(int argc, char **argv)
{
	DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
	const struct dirent *entry;
	unsigned given = 0;

	if (dir == NULL) {
		fprintf(stderr, "usage: %s DIR\n", argv[0]);
		return 2;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_type == DT_DIR)
			continue;
		give(dirfd(dir), entry->d_name);
		given++;
	}
	closedir(dir);
	printf("@tests %u 0\n", given);
	return given > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
