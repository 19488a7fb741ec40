/* Fixed-size messages between init and the process that makes or starts it, over a SOCK_SEQPACKET pair. */
#ifndef CORACLE_RUNTIME_SYNC_H
#define CORACLE_RUNTIME_SYNC_H

#include <sys/types.h>

#include "error.h"

enum sync_type {
	SYNC_ERROR = 1, /* it failed; `error` says why */
	SYNC_PID,       /* the stage that joined namespaces made init: `pid` */
	SYNC_MAP_IDS,   /* write my id mappings */
	SYNC_SOURCE,    /* open the source of mount `index` in my mount namespace: a descriptor is the answer */
	SYNC_HOOKS,     /* run the hooks that belong outside the container */
	SYNC_READY,     /* waiting at the gate */
	SYNC_GO,        /* the answer to each of these, and what opens the gate */
};

struct sync_message {
	unsigned type;
	pid_t pid;
	size_t index;
	struct error error;
};

int sync_pair(int *ours, int *theirs);
int sync_send(int fd, enum sync_type type);
int sync_send_pid(int fd, pid_t pid);
/* SYNC_GO to a process that wants to know its own pid. */
int sync_send_go(int fd, pid_t pid);
int sync_send_source(int fd, size_t index);
void sync_send_error(int fd, const struct error *error);
/* 1: a message; 0: the other end is gone; -1: errno (EPROTO: not one of ours). */
int sync_receive(int fd, struct sync_message *message);
/* Sends a request and waits for SYNC_GO. */
int sync_request(int fd, enum sync_type type, struct error *err);

#endif
