/* Log files in the formats of Podman (k8s-file, as conmon writes it) and Docker (json-file), and the journal. */
#ifndef CORACLE_MONITOR_LOG_H
#define CORACLE_MONITOR_LOG_H

#include <stddef.h>

#include "config.h"
#include "error.h"
#include "log_journal.h"

struct log {
	enum log_driver driver;
	int directory;    /* of the file: what is renamed and made stays where it was asked for */
	const char *name; /* in it */
	int fd;
	unsigned long long size, max_size;
	unsigned max_file;
	char cut[STREAM_COUNT][4]; /* json-file: a character that the end of the buffer cut in two */
	unsigned char cut_length[STREAM_COUNT];
	struct journal journal;
};

int log_open(struct log *log, const struct config *config, struct error *err);
/* Logs what was read at once from one stream. A full disk costs log lines, never the container. */
void log_write(struct log *log, enum stream stream, const char *data, size_t length);
/* The file has been moved away, or is to be: goes on with a new one. */
void log_reopen(struct log *log);
/* At the end of the container. */
void log_close(struct log *log);

#endif
