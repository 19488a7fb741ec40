/* The container's stdio: pipes or a terminal, read into the log and to the clients; its stdin. */
#ifndef CORACLE_MONITOR_CONTAINER_IO_H
#define CORACLE_MONITOR_CONTAINER_IO_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "loop.h"

struct monitor;

#define STDIN_PENDING_MAX 16384

struct container_io {
	int child[3];      /* the container's ends, until it is made */
	int caller[3];     /* log driver passthrough: the caller's own stdio */
	int console[2];    /* terminal: our end and the runtime's, over which the pty comes */
	struct source out; /* stdout, or the terminal both ways */
	struct source err;
	struct source in;  /* write end of stdin's pipe; not with a terminal */
	unsigned rows, columns; /* for the terminal that is to be made */
	char *pending;     /* stdin that the container has not taken yet */
	size_t pending_length, pending_sent;
	bool stdin_open, stdin_ending, out_open, err_open;
};

/* Keeps the caller's stdio for the passthrough driver, before the monitor gives up its own. */
void container_io_init(struct monitor *m);
int container_io_keep_caller(struct monitor *m);
/* Makes pipes for a new run. */
int container_io_prepare(struct monitor *m, struct error *err);
/* The container is made: takes the terminal, gives up its ends, begins to read. */
int container_io_created(struct monitor *m, struct error *err);
/* Recomputes what to wait for; to be called when clients or stdin have changed. */
void container_io_update(struct monitor *m);
void container_io_stdin(struct monitor *m, const char *data, size_t length);
bool container_io_stdin_full(const struct monitor *m);
/* A client that carried stdin has ended it or gone. */
void container_io_detach_stdin(struct monitor *m);
void container_io_resize(struct monitor *m, unsigned rows, unsigned columns);
/* After the end of init: reads what is there. Calls supervisor_advance() when it becomes complete later. */
void container_io_drain(struct monitor *m);
bool container_io_drained(const struct monitor *m);
void container_io_close(struct monitor *m);

#endif
