/* The monitor's event loop: descriptors and a few timers. It sleeps until one of them has something to say. */
#ifndef CORACLE_MONITOR_LOOP_H
#define CORACLE_MONITOR_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "error.h"

enum timer { TIMER_STOP, TIMER_TIMEOUT, TIMER_RESTART, TIMER_DRAIN, TIMER_HELPER, TIMER_HEALTH, TIMER_REVIVE, TIMER_OUTPUT, TIMER_COUNT };

struct source {
	int fd;
	uint32_t events; /* asked for now */
	void (*ready)(struct source *source, uint32_t events);
	void *owner;
};

struct loop {
	int epoll;
	bool idle;
	long long deadline[TIMER_COUNT]; /* CLOCK_BOOTTIME milliseconds, 0: not set */
	void (*expired)(void *owner, enum timer timer);
	void *owner;
};

int loop_open(struct loop *loop, struct error *err);
int loop_add(struct loop *loop, struct source *source, int fd, uint32_t events);
void loop_change(struct loop *loop, struct source *source, uint32_t events);
/* Forgets the descriptor and closes it. */
void loop_close(struct loop *loop, struct source *source);
void loop_set_timer(struct loop *loop, enum timer timer, long long milliseconds);
void loop_cancel_timer(struct loop *loop, enum timer timer);
long long loop_now(void);
/* Waits for one event and handles it. */
void loop_step(struct loop *loop);

#endif
