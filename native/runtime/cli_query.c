/* state, list, ps: what there is, as the kernel has it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "cleanup.h"
#include "cli.h"
#include "state.h"

int cli_state(const struct cli *cli, int argc, char **argv, struct error *err)
{
	const char *id = cli_container_id(argc, argv, 1, err);
	if (!id)
		return -1;
	struct state state = {0};
	auto_close int directory = state_open_directory(cli->root, id, err);
	int rc = directory < 0 ? -1 : state_load(directory, &state, err);
	if (rc == 0)
		rc = cli_print_json(state_to_json(directory, &state, NULL));
	state_free(&state);
	return rc;
}

static json_t *collect(const char *root)
{
	json_t *list = json_array();
	auto_closedir DIR *entries = opendir(root);
	for (struct dirent *entry; entries && (entry = readdir(entries));) {
		struct state state = {0};
		struct error ignored;
		if (entry->d_name[0] == '.')
			continue;
		auto_close int directory = state_open_directory(root, entry->d_name, &ignored);
		if (directory >= 0 && state_load(directory, &state, &ignored) == 0)
			json_array_append_new(list, state_to_json(directory, &state, NULL));
		state_free(&state);
	}
	return list;
}

static void print_list(json_t *list, bool quiet)
{
	json_t *item;
	size_t i;
	if (!quiet)
		printf("%-32s %-8s %-9s %-32s %s\n", "ID", "PID", "STATUS", "BUNDLE", "CREATED");
	json_array_foreach(list, i, item)
	{
		const char *id = json_string_value(json_object_get(item, "id"));
		if (quiet)
			printf("%s\n", id);
		else
			printf("%-32s %-8lld %-9s %-32s %s\n", id, json_integer_value(json_object_get(item, "pid")),
			       json_string_value(json_object_get(item, "status")),
			       json_string_value(json_object_get(item, "bundle")),
			       json_string_value(json_object_get(item, "created")));
	}
}

int cli_list(const struct cli *cli, int argc, char **argv, struct error *err)
{
	static const struct option options[] = {
		{"format", required_argument, NULL, 'f'}, {"quiet", no_argument, NULL, 'q'}, {NULL, 0, NULL, 0}};
	bool json = false, quiet = false;
	int option;
	while ((option = getopt_long(argc, argv, "+f:q", options, NULL)) != -1) {
		if (option == 'f')
			json = strcmp(optarg, "json") == 0;
		else if (option == 'q')
			quiet = true;
		else
			return cli_usage(err, "list [--format table|json] [--quiet]");
	}
	json_t *list = collect(cli->root);
	if (json)
		return cli_print_json(list);
	print_list(list, quiet);
	json_decref(list);
	return 0;
}

/* Without a cgroup only init is known to belong to the container. */
static json_t *processes(const struct state *state)
{
	json_t *pids = json_array();
	if (state->cgroup)
		cgroup_processes(state->cgroup, pids);
	else if (process_alive(&state->init))
		json_array_append_new(pids, json_integer(state->init.pid));
	return pids;
}

int cli_ps(const struct cli *cli, int argc, char **argv, struct error *err)
{
	static const struct option options[] = {{"format", required_argument, NULL, 'f'}, {NULL, 0, NULL, 0}};
	bool json = false;
	int option;
	while ((option = getopt_long(argc, argv, "+f:", options, NULL)) != -1) {
		if (option != 'f')
			return cli_usage(err, "ps [--format table|json] ID");
		json = strcmp(optarg, "json") == 0;
	}
	const char *id = cli_container_id(argc, argv, optind, err);
	if (!id)
		return -1;
	struct state state = {0};
	auto_close int directory = state_open_directory(cli->root, id, err);
	int rc = directory < 0 ? -1 : state_load(directory, &state, err);
	json_t *pids = rc == 0 ? processes(&state) : NULL, *pid;
	size_t i;
	state_free(&state);
	if (rc < 0)
		return -1;
	if (json)
		return cli_print_json(pids);
	printf("PID\n");
	json_array_foreach(pids, i, pid) printf("%lld\n", json_integer_value(pid));
	json_decref(pids);
	return 0;
}
