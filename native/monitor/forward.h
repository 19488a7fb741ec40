/*
 * Published ports. A child process listens on the host and connects in the container's network namespace: the kernel
 * carries the bytes, whatever user-mode network the container has, and all kinds of networks publish in the same way.
 */
#ifndef CORACLE_MONITOR_FORWARD_H
#define CORACLE_MONITOR_FORWARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "config.h"
#include "error.h"

/* What an event of the forwarder's loop is about. */
struct watch {
	int fd;
	uint32_t events;
	void (*ready)(struct watch *watch, uint32_t events);
	void *owner;
};

struct listener {
	struct watch watch;
	bool udp;
	struct sockaddr_storage target; /* in the container */
	struct udp_flow *flows;
};

struct forwarder {
	int epoll;
	struct listener *listeners;
	size_t count;
	bool starved; /* no descriptors left: nothing is accepted until a connection ends */
};

/* Binds every port on the host. Errors say which one and why. */
int forward_open(const struct config *config, struct forwarder *forwarder, struct error *err);
/* The process, once it is in network namespace `netns`; 0 or -1 with the error. The listeners are its own then. */
int forward_start(struct forwarder *forwarder, int netns, pid_t *pid, struct error *err);
void forward_close(struct forwarder *forwarder);

int forward_watch(struct forwarder *forwarder, struct watch *watch, uint32_t events);
socklen_t forward_address_size(const struct sockaddr_storage *address);
/* forward_tcp.c */
void tcp_accept(struct watch *watch, uint32_t events);
/* Connections closed while a batch of events is handled are given back after it. */
void tcp_sweep(void);
/* forward_udp.c */
void udp_receive(struct watch *watch, uint32_t events);
/* Forgets clients that have been silent for long. Returns how many are left. */
size_t udp_expire(struct listener *listener);
int udp_prepare(int fd, int family);

extern struct forwarder *forwarding;

#endif
