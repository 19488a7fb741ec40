/* The relay: carries the caller's stdio to and from a monitor, and its requests. */
#ifndef CORACLE_MONITOR_RELAY_H
#define CORACLE_MONITOR_RELAY_H

#include <stdbool.h>

#include "detach_keys.h"

struct relay_options {
	int ready_fd, control_fd; /* -1: none */
	unsigned attach;          /* CLIENT_… flags */
	bool attached;            /* stays until the end; else until the container runs */
	bool terminal;            /* of the container; told by the monitor to a relay that connects */
	struct detach_keys keys;
};

/* `data` (-1 when not attached) and `control` are connections to the monitor. Returns the relay's exit code. */
int relay_run(const struct relay_options *options, int data, int control);
/* Connects to a running monitor. */
int relay_attach(struct relay_options *options, const char *socket_path, bool start);

#endif
