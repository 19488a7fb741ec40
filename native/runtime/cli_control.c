/* kill, delete, pause, resume, update. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cgroup.h"
#include "cgroup_systemd.h"
#include "cleanup.h"
#include "cli.h"
#include "cli_options.h"
#include "file.h"
#include "json.h"
#include "runtime.h"
#include "spec.h"
#include "state.h"

static int signal_container(const struct state *state, int signal_number, bool all, struct error *err)
{
	auto_close int fd = process_open(&state->init);
	if (all && state->cgroup)
		return cgroup_signal(state->cgroup, signal_number, err);
	if (fd < 0)
		return all ? 0 : error_set(err, "container-not-running", "container `%s` is not running", state->id);
	if (syscall(SYS_pidfd_send_signal, fd, signal_number, NULL, 0) < 0)
		return error_errno(err, "runtime-failed", "send signal %d to container `%s`", signal_number, state->id);
	return 0;
}

int cli_kill(const struct cli *cli, int argc, char **argv, struct error *err)
{
	static const struct option options[] = {{"all", no_argument, NULL, 'a'}, {NULL, 0, NULL, 0}};
	bool all = false;
	int option;
	while ((option = getopt_long(argc, argv, "+a", options, NULL)) != -1) {
		if (option != 'a')
			return cli_usage(err, "kill [--all] ID [SIGNAL]");
		all = true;
	}
	if (argc - optind < 1 || argc - optind > 2)
		return cli_usage(err, "kill [--all] ID [SIGNAL]");
	int signal_number = argc - optind == 2 ? cli_parse_signal(argv[optind + 1], err) : SIGTERM;
	if (signal_number < 0)
		return -1;
	struct state state = {0};
	auto_close int directory = state_open_directory(cli->root, argv[optind], err);
	int rc = directory < 0 ? -1 : state_load(directory, &state, err);
	if (rc == 0)
		rc = signal_container(&state, signal_number, all, err);
	state_free(&state);
	return rc;
}

int cli_delete(const struct cli *cli, int argc, char **argv, struct error *err)
{
	static const struct option options[] = {{"force", no_argument, NULL, 'f'}, {NULL, 0, NULL, 0}};
	bool force = false;
	int option;
	while ((option = getopt_long(argc, argv, "+f", options, NULL)) != -1) {
		if (option != 'f')
			return cli_usage(err, "delete [--force] ID");
		force = true;
	}
	const char *id = cli_container_id(argc, argv, optind, err);
	if (!id)
		return -1;
	if (!force) {
		struct state state = {0};
		auto_close int directory = state_open_directory(cli->root, id, err);
		int rc = directory < 0 ? -1 : state_load(directory, &state, err);
		enum status status = rc == 0 ? state_status(directory, &state) : STATUS_STOPPED;
		state_free(&state);
		if (rc < 0)
			return -1;
		if (status == STATUS_RUNNING || status == STATUS_PAUSED)
			return error_set(err, "runtime-failed", "container `%s` is %s: stop it first or use --force", id,
					 status_name(status));
	}
	return runtime_delete(cli->root, id, err);
}

int cli_pause(const struct cli *cli, int argc, char **argv, struct error *err)
{
	const char *id = cli_container_id(argc, argv, 1, err);
	return id ? runtime_pause(cli->root, id, err) : -1;
}

int cli_resume(const struct cli *cli, int argc, char **argv, struct error *err)
{
	const char *id = cli_container_id(argc, argv, 1, err);
	return id ? runtime_resume(cli->root, id, err) : -1;
}

static int update(const struct cli *cli, const char *id, json_t *resources, struct error *err)
{
	struct state state = {0};
	auto_close int directory = state_open_directory(cli->root, id, err);
	int rc = directory < 0 ? -1 : state_load(directory, &state, err);
	if (rc == 0 && !state.cgroup)
		rc = error_set(err, "runtime-failed", "container `%s` has no cgroup, so it can have no limits", id);
	auto_close int cgroup = rc == 0 ? cgroup_open(state.cgroup) : -1;
	if (rc == 0 && cgroup < 0)
		rc = error_errno(err, "runtime-failed", "open cgroup %s", state.cgroup);
	if (rc == 0)
		rc = cgroup_set_resources(cgroup, resources, err);
	if (rc == 0)
		rc = cgroup_systemd_update(state.cgroup, resources, err);
	state_free(&state);
	return rc;
}

static const struct {
	const char *option, *group, *key;
	bool text;
} update_options[] = {
	{"memory", "memory", "limit", false},	       {"memory-reservation", "memory", "reservation", false},
	{"memory-swap", "memory", "swap", false},      {"cpu-share", "cpu", "shares", false},
	{"cpu-quota", "cpu", "quota", false},	       {"cpu-period", "cpu", "period", false},
	{"cpu-burst", "cpu", "burst", false},	       {"cpuset-cpus", "cpu", "cpus", true},
	{"cpuset-mems", "cpu", "mems", true},	       {"pids-limit", "pids", "limit", false},
	{"blkio-weight", "blockIO", "weight", false},
};
#define UPDATE_OPTIONS (sizeof update_options / sizeof *update_options)

static int set_update(json_t *resources, size_t i, const char *text, struct error *err)
{
	json_t *group = json_object_get(resources, update_options[i].group);
	if (!group) {
		group = json_object();
		json_object_set_new(resources, update_options[i].group, group);
	}
	if (update_options[i].text)
		return json_object_set_new(group, update_options[i].key, json_string(text));
	char *end;
	errno = 0;
	long long number = strtoll(text, &end, 10);
	if (end == text || *end != '\0' || errno != 0)
		return error_set(err, "usage", "--%s: `%s` is not a number", update_options[i].option, text);
	return json_object_set_new(group, update_options[i].key, json_integer(number));
}

static json_t *read_resources(const char *file, struct error *err)
{
	const char *path = strcmp(file, "-") == 0 ? "/proc/self/fd/0" : file;
	size_t length;
	auto_free char *text = read_file_at(AT_FDCWD, path, CONFIG_MAX, &length);
	if (!text) {
		error_errno(err, "bad-config", "read %s", file);
		return NULL;
	}
	return json_parse(text, length, file, err);
}

int cli_update(const struct cli *cli, int argc, char **argv, struct error *err)
{
	struct option options[UPDATE_OPTIONS + 2] = {{"resources", required_argument, NULL, 'r'}};
	json_t *resources = json_object();
	int option, rc = 0;
	for (size_t i = 0; i < UPDATE_OPTIONS; i++)
		options[i + 1] =
			(struct option){update_options[i].option, required_argument, NULL, 256 + (int)i};
	while (rc == 0 && (option = getopt_long(argc, argv, "+r:", options, NULL)) != -1) {
		if (option == 'r') {
			json_decref(resources);
			resources = read_resources(optarg, err);
			rc = resources ? 0 : -1;
		} else if (option >= 256) {
			rc = set_update(resources, (size_t)option - 256, optarg, err);
		} else {
			rc = error_set(err, "usage", "see coracle-runtime --help");
		}
	}
	const char *id = rc == 0 ? cli_container_id(argc, argv, optind, err) : NULL;
	rc = id ? update(cli, id, resources, err) : -1;
	json_decref(resources);
	return rc;
}
