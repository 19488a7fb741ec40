/* slirp4netns: the network of one container, started when its namespace is there and gone with it. */
#ifndef CORACLE_MONITOR_NETWORK_H
#define CORACLE_MONITOR_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "error.h"
#include "loop.h"

struct monitor;

struct network {
	pid_t pid; /* 0: none */
	int exit_fd; /* slirp4netns ends when we close it, or die */
	struct source ready, message;
	bool up;
	char said[512]; /* what it said before it was up */
	size_t said_length;
};

void network_init(struct monitor *m);
/* Leads to supervisor_network_ready() or supervisor_fail(). */
void network_begin(struct monitor *m);
/* It took too long. */
void network_expired(struct monitor *m);
void network_end(struct monitor *m);
/* One of our children has been reaped. */
void network_reaped(struct monitor *m, pid_t pid);

/* network_ports.c: publishes all ports through slirp4netns's API socket. */
int network_publish(struct monitor *m, struct error *err);

#endif
