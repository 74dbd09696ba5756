/* A fuzzer's bytes as a command line: words that end with a line or a NUL. What it complains of goes nowhere. */
#ifndef WDSCAST_TESTS_FUZZ_COMMAND_LINE_H
#define WDSCAST_TESTS_FUZZ_COMMAND_LINE_H

#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMMAND_WORDS_MAX = 64 };

struct command_line {
	int argc;
	char *argv[COMMAND_WORDS_MAX + 2];
	char *words[COMMAND_WORDS_MAX + 1]; /* in the order they are to be freed in, for getopt changes that of argv */
};

static inline char *command_line_word(const void *from, size_t len)
{
	char *word = malloc(len + 1);

	if (word == NULL)
		abort();
	memcpy(word, from, len);
	word[len] = '\0';
	return word;
}

static inline void command_line_read(struct command_line *c, const char *program, const uint8_t *data, size_t size)
{
	*c = (struct command_line){ 0 };
	c->words[c->argc++] = command_line_word(program, strlen(program));
	while (size > 0 && c->argc <= COMMAND_WORDS_MAX) {
		size_t len = 0;

		while (len < size && data[len] != '\n' && data[len] != '\0')
			len++;
		c->words[c->argc++] = command_line_word(data, len);
		len += len < size;
		data += len;
		size -= len;
	}
	memcpy(c->argv, c->words, sizeof(c->words));
	optind = 0; /* getopt begins anew */
}

static inline void command_line_free(struct command_line *c)
{
	for (int i = 0; i < c->argc; i++)
		free(c->words[i]);
}

/* Where stdout and stderr go meanwhile, and back. */
static inline void command_line_hush(FILE *out, FILE *err)
{
	stdout = out;
	stderr = err;
}

static inline FILE *command_line_nowhere(void)
{
	static FILE *nowhere;

	if (nowhere == NULL)
		nowhere = fopen("/dev/null", "we");
	if (nowhere == NULL)
		abort();
	return nowhere;
}

#endif
