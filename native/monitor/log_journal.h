/*
 * Output sent to journald in its own protocol, with the fields that conmon gives it. A line may say its priority, as
 * sd-daemon(3) has it: `<4>it is late`.
 */
#ifndef CORACLE_MONITOR_LOG_JOURNAL_H
#define CORACLE_MONITOR_LOG_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "config.h"
#include "error.h"
#include "text.h"

enum stream { STREAM_STDOUT, STREAM_STDERR, STREAM_COUNT };

#define SHORT_ID 12
#define JOURNAL_LINE 8192 /* of a longer line there are several entries; conmon's number */

struct journal {
	int fd;
	const char *socket; /* its path */
	char *fields;       /* those that all entries have, as they are sent */
	size_t fields_length;
	bool no_partial;
	bool stalled; /* nobody reads: nothing is waited for until something gets through again */
	char line[STREAM_COUNT][JOURNAL_LINE]; /* the beginning of a line whose end is yet to come */
	size_t line_length[STREAM_COUNT];
	char priority[STREAM_COUNT]; /* of a line whose first pieces are sent; 0 at the beginning of one */
};

/* A field as the protocol has it; a value with newlines has its length in front. */
void journal_add_field(struct text *text, const char *name, const char *value, size_t length);
/* One entry, made of fields, by a connection. */
int journal_connect(const char *socket);
void journal_send(int fd, const char *fields, size_t length);
int journal_open(struct journal *journal, const struct config *config, struct error *err);
void journal_write(struct journal *journal, enum stream stream, const char *data, size_t length);
/* Sends what there is of a last line, and gives journald a moment to take all of it. */
void journal_close(struct journal *journal);

#endif
