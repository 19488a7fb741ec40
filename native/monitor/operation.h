/*
 * Calls of the runtime. Each is made in a child: it may block (hooks, frozen cgroups) and it may need memory, and the
 * monitor shall do neither. One at a time.
 */
#ifndef CORACLE_MONITOR_OPERATION_H
#define CORACLE_MONITOR_OPERATION_H

#include <stdbool.h>
#include <sys/types.h>

#include "error.h"
#include "loop.h"

struct monitor;

struct operation_result {
	bool failed, oom_killed;
	pid_t pid; /* of the process that was made */
	struct error error;
};

/* Runs in the child. */
typedef int (*operation_work)(struct monitor *m, struct operation_result *result);
typedef void (*operation_done)(struct monitor *m, const struct operation_result *result);

struct operation {
	bool running;
	pid_t pid;
	struct source source;
	operation_done done;
};

/* `done` is always called, later. */
void operation_begin(struct monitor *m, operation_work work, operation_done done);

int operation_create(struct monitor *m, struct operation_result *result);
int operation_exec(struct monitor *m, struct operation_result *result);
int operation_start(struct monitor *m, struct operation_result *result);
int operation_pause(struct monitor *m, struct operation_result *result);
int operation_resume(struct monitor *m, struct operation_result *result);
int operation_delete(struct monitor *m, struct operation_result *result);

#endif
