/* events: what a container uses, again and again, and each time that the kernel killed one of its processes for memory. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "cgroup_stats.h"
#include "cleanup.h"
#include "cli.h"
#include "state.h"
#include "timestamp.h"

#define USAGE "events [--interval DURATION] [--stats] ID"

/* One event a line, as runc prints them: who reads them waits for the end of the line. */
static int print_event(const char *type, const char *id, json_t *data)
{
	json_t *event = json_pack("{s:s s:s}", "type", type, "id", id);
	if (data)
		json_object_set_new(event, "data", data);
	int rc = json_dumpf(event, stdout, JSON_COMPACT);
	json_decref(event);
	putchar('\n');
	return rc < 0 || fflush(stdout) != 0 ? -1 : 0;
}

static int print_stats(const struct state *state, struct error *err)
{
	json_t *stats = cgroup_stats(state->cgroup, err);
	if (!stats)
		return -1;
	if (print_event("stats", state->id, stats) < 0)
		return error_errno(err, "runtime-failed", "write the statistics");
	return 0;
}

/* A duration in Go's manner, one unit only: `500ms`, `5s`, `1m`. */
static int parse_interval(const char *text, long *ms, struct error *err)
{
	static const struct {
		const char *name;
		long ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
	char *unit;
	errno = 0;
	double number = strtod(text, &unit);
	for (size_t i = 0; unit != text && errno == 0 && i < sizeof units / sizeof *units; i++)
		if (strcmp(unit, units[i].name) == 0 && number * (double)units[i].ms >= 1 &&
		    number * (double)units[i].ms <= 24 * 3600000) {
			*ms = (long)(number * (double)units[i].ms);
			return 0;
		}
	return error_set(err, "usage", "--interval: `%s` is not a duration like 5s, of at most a day", text);
}

/* Until the container has ended. */
static int follow(const struct state *state, int init, long interval, struct error *err)
{
	auto_close int cgroup = cgroup_open(state->cgroup);
	auto_close int memory = cgroup < 0 ? -1 : openat(cgroup, "memory.events", O_RDONLY | O_CLOEXEC);
	long killed = cgroup_oom_kills(state->cgroup);
	long long next = monotonic_ms() + interval;
	for (;;) {
		char skipped[512];
		struct pollfd polled[] = {{.fd = init, .events = POLLIN}, {.fd = memory, .events = POLLPRI}};
		/* Only what comes after a read is told. */
		(void)!pread(memory, skipped, sizeof skipped, 0);
		long long left = next - monotonic_ms();
		int ready = poll(polled, 2, left > 0 ? (int)left : 0);
		if (ready < 0 && errno != EINTR)
			return error_errno(err, "runtime-failed", "wait for events of container `%s`", state->id);
		long now_killed = cgroup_oom_kills(state->cgroup);
		if (now_killed > killed) {
			killed = now_killed;
			if (print_event("oom", state->id, NULL) < 0)
				return error_errno(err, "runtime-failed", "write an event");
		}
		if (ready > 0 && polled[0].revents)
			return 0;
		if (monotonic_ms() < next)
			continue;
		next += interval;
		if (print_stats(state, err) < 0)
			return -1;
	}
}

int cli_events(const struct cli *cli, int argc, char **argv, struct error *err)
{
	static const struct option options[] = {
		{"interval", required_argument, NULL, 'i'}, {"stats", no_argument, NULL, 's'}, {NULL, 0, NULL, 0}};
	long interval = 5000;
	bool once = false;
	int option;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			once = true;
		else if (option != 'i')
			return cli_usage(err, USAGE);
		else if (parse_interval(optarg, &interval, err) < 0)
			return -1;
	}
	const char *id = cli_container_id(argc, argv, optind, err);
	if (!id)
		return -1;
	struct state state = {0};
	auto_close int directory = state_open_directory(cli->root, id, err);
	int rc = directory < 0 ? -1 : state_load(directory, &state, err);
	auto_close int init = rc == 0 ? process_open(&state.init) : -1;
	if (rc == 0 && init < 0)
		rc = error_set(err, "container-not-running", "container `%s` is not running", id);
	else if (rc == 0 && !state.cgroup)
		rc = error_set(err, "runtime-failed", "container `%s` has no cgroup: nothing is known of what it uses", id);
	else if (rc == 0)
		rc = once ? print_stats(&state, err) : follow(&state, init, interval, err);
	state_free(&state);
	return rc;
}
