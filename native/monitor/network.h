/*
 * The network of one container: slirp4netns or pasta, started when its namespace is there and gone with it, and the
 * forwarder of its published ports. What is killed while the container runs is started anew.
 */
#ifndef CORACLE_MONITOR_NETWORK_H
#define CORACLE_MONITOR_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "error.h"
#include "loop.h"

struct monitor;

struct network {
	pid_t pid;       /* of the program; 0: none */
	pid_t forwarder; /* 0: none */
	int exit_fd;     /* slirp4netns ends when we close it, or die */
	struct source ready, message;
	bool up, ended;
	int revivals;
	int bridges; /* the network namespace that the bridges are in, or -1 */
	bool joined; /* the keeper of this connection knows us */
	char said[512]; /* what it said before it was up */
	size_t said_length;
};

void network_init(struct monitor *m);
/* Leads to supervisor_network_ready() or supervisor_fail(). */
void network_begin(struct monitor *m);
/* It took too long. */
void network_expired(struct monitor *m);
/* Time to start anew what had been killed. */
void network_revive(struct monitor *m);
void network_end(struct monitor *m);
/* Whether processes of it are still to be waited for. */
bool network_ending(const struct monitor *m);
/* One of our children has been reaped. */
void network_reaped(struct monitor *m, pid_t pid, int status);

/* network_exec.c: becomes the program. */
void network_exec_slirp(struct monitor *m, int ready_fd, int exit_fd, int message_fd) __attribute__((noreturn));
void network_exec_pasta(struct monitor *m, int message_fd) __attribute__((noreturn));

/* network_bridge.c */
void bridge_begin(struct monitor *m);
/* Has the keeper bring our networks in line with the configuration; `anew`: make all of them anew. */
int bridge_change(struct monitor *m, bool anew, struct error *err);
void bridge_end(struct monitor *m);
/* Answers the clients that wait for such a change. */
void network_answer(struct monitor *m, const struct error *err);

/* The container has another address: ports are forwarded to that. */
void network_move(struct monitor *m);

/* network_ports.c: publishes all ports through slirp4netns's API socket. */
int network_publish(struct monitor *m, struct error *err);

#endif
