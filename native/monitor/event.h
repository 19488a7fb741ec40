/* What is told to the engine on the ready descriptor: one JSON object a line. */
#ifndef CORACLE_MONITOR_EVENT_H
#define CORACLE_MONITOR_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "error.h"

#define EVENT_MAX 8192

/* How a container ended: its exit, or the error that kept it from starting. */
struct ending {
	int exit_code, signal;
	bool oom_killed;
	const struct error *error;
};

/* Text of an event, without newline; returns its length. */
size_t event_format_ending(char buffer[EVENT_MAX], const struct ending *ending);
/* These write a line; without a descriptor (-1) they do nothing. */
void event_process(int fd, const char *event, pid_t pid);
void event_ending(int fd, const struct ending *ending);
void event_error(int fd, const struct error *error);
void event_detached(int fd);
/* The relay's stream, 1 or 2, can't be written; the container goes on. */
void event_output_failed(int fd, int stream, int errnum);

#endif
