/* Health checks: a command that the monitor runs in its container now and then, and what becomes of its failure. */
#ifndef CORACLE_MONITOR_HEALTH_H
#define CORACLE_MONITOR_HEALTH_H

#include <stdbool.h>
#include <sys/types.h>

#include "config.h"
#include "loop.h"
#include "timestamp.h"

struct client;
struct monitor;

enum health_status { HEALTH_STARTING, HEALTH_HEALTHY, HEALTH_UNHEALTHY };

/* What the checks so far have shown. */
struct health_state {
	enum health_status status;
	bool starting_up; /* the startup check is run, in place of the regular one */
	unsigned streak;  /* failures in a row */
	unsigned startup_successes, startup_failures;
};

enum health_outcome { OUTCOME_HEALTHY, OUTCOME_UNHEALTHY, OUTCOME_STARTING, OUTCOME_TIMEOUT };

/* One check, as its child tells it. */
struct health_check {
	enum health_outcome outcome;
	int exit_code; /* 0, 1, -1 after the timeout, 125 when it could not be run */
	char start[TIME_MAX], end[TIME_MAX];
	struct health_state state; /* after it */
};

struct health {
	struct health_state state;
	struct source source;
	pid_t child;  /* that runs a check; 0: none */
	bool checking;
	bool judged;  /* `outcome` is that of a check whose failure ends the container */
	enum health_outcome outcome;
};

/* What a client of the attach socket waits for. */
enum health_request { HEALTH_REQUEST_NONE, HEALTH_REQUEST_ASKED, HEALTH_REQUEST_CHECKED };

void health_init(struct monitor *m);
/* The container runs: the first check is due, if there are any. */
void health_begin(struct monitor *m);
/* There are other checks than before: what they have shown so far stays, and the next one is made after its interval. */
void health_changed(struct monitor *m, bool had_one);
void health_expired(struct monitor *m);
/* The container has ended. */
void health_end(struct monitor *m);
void health_reaped(struct monitor *m, pid_t pid);
/* A client asks for a check now, and is answered when that is over. */
void health_requested(struct client *client);
/* The answer to one who waited when the container ended. */
void health_answer_ended(struct client *client);

/* health_check.c: runs one check in this process, a child of the monitor, and writes its result down. */
void health_check_run(struct monitor *m, struct health_check *check);

/* health_log.c */
extern const char *const health_status_names[];
/* A new run of the container: `starting`, behind what earlier runs have left. */
int health_log_begin(const struct health_config *config);
int health_log_add(const struct health_config *config, const struct health_check *check, const char *output, size_t length);

/* What a check says about the container; `early`: it began within the start period. */
void health_judge(const struct health_config *config, struct health_check *check, bool early);

#endif
