#include "loop.h"

#include <errno.h>
#include <limits.h>
#include <time.h>
#include <unistd.h>

#include "memory.h"

int loop_open(struct loop *loop, struct error *err)
{
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	return loop->epoll < 0 ? error_errno(err, "internal", "make the event loop") : 0;
}

int loop_add(struct loop *loop, struct source *source, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = source};
	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		return -1;
	source->fd = fd;
	source->events = events;
	return 0;
}

/*
 * A source that wants nothing leaves the set: epoll tells EPOLLHUP without being asked, which would keep a loop busy
 * that has, for the moment, nothing to do about it.
 */
void loop_change(struct loop *loop, struct source *source, uint32_t events)
{
	if (source->fd < 0 || source->events == events)
		return;
	struct epoll_event event = {.events = events, .data.ptr = source};
	int operation = events == 0 ? EPOLL_CTL_DEL : source->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
	epoll_ctl(loop->epoll, operation, source->fd, &event);
	source->events = events;
}

void loop_close(struct loop *loop, struct source *source)
{
	if (source->fd < 0)
		return;
	loop_change(loop, source, 0);
	close(source->fd);
	source->fd = -1;
}

/* BOOTTIME: a stop timeout goes on while the machine sleeps. */
long long loop_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void loop_set_timer(struct loop *loop, enum timer timer, long long milliseconds)
{
	loop->deadline[timer] = loop_now() + milliseconds;
}

void loop_cancel_timer(struct loop *loop, enum timer timer)
{
	loop->deadline[timer] = 0;
}

static int next_timeout(const struct loop *loop)
{
	long long first = 0;
	for (int i = 0; i < TIMER_COUNT; i++) {
		if (loop->deadline[i] != 0 && (first == 0 || loop->deadline[i] < first))
			first = loop->deadline[i];
	}
	if (first == 0)
		return -1;
	long long left = first - loop_now();
	return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

static void expire(struct loop *loop)
{
	for (int i = 0; i < TIMER_COUNT; i++) {
		if (loop->deadline[i] != 0 && loop->deadline[i] <= loop_now()) {
			loop->deadline[i] = 0;
			loop->expired(loop->owner, (enum timer)i);
		}
	}
}

static int wait_one(struct loop *loop, struct epoll_event *event)
{
	int timeout = next_timeout(loop);
	if (loop->idle || (timeout >= 0 && timeout <= MEMORY_IDLE_MS))
		return epoll_wait(loop->epoll, event, 1, timeout);
	int n = epoll_wait(loop->epoll, event, 1, MEMORY_IDLE_MS);
	if (n == 0) {
		memory_give_back();
		loop->idle = true;
	}
	return n;
}

/* One event at a time: its handler may free any other source, which a batch would still point to. */
void loop_step(struct loop *loop)
{
	struct epoll_event event;
	int n = wait_one(loop, &event);
	if (n > 0) {
		loop->idle = false;
		struct source *source = event.data.ptr;
		source->ready(source, event.events);
	}
	expire(loop);
}
