/* state, list, ps: what there is, as the kernel has it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
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
		rc = cli_print_json(state_to_json(directory, &state, NULL), JSON_INDENT(2));
	state_free(&state);
	return rc;
}

static int parse_format(const char *text, bool *json, struct error *err)
{
	*json = strcmp(text, "json") == 0;
	if (*json || strcmp(text, "table") == 0)
		return 0;
	return error_set(err, "usage", "--format: `%s` is neither table nor json", text);
}

/* Without the C library's lookup, which a static program doesn't have. */
static json_t *owner_of(int directory)
{
	struct stat st;
	if (fstat(directory, &st) < 0)
		return json_string("");
	auto_fclose FILE *file = fopen("/etc/passwd", "re");
	for (struct passwd *user; file && (user = fgetpwent(file));)
		if (user->pw_uid == st.st_uid)
			return json_string(user->pw_name);
	return json_sprintf("#%u", st.st_uid);
}

static json_t *collect(const char *root)
{
	json_t *list = json_array();
	struct dirent **entries;
	int count = scandir(root, &entries, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		struct state state = {0};
		struct error ignored;
		auto_close int directory =
			entries[i]->d_name[0] == '.' ? -1 : state_open_directory(root, entries[i]->d_name, &ignored);
		if (directory >= 0 && state_load(directory, &state, &ignored) == 0) {
			json_t *item = state_to_json(directory, &state, NULL);
			json_object_set_new(item, "owner", owner_of(directory));
			json_array_append_new(list, item);
		}
		state_free(&state);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return list;
}

static void print_list(json_t *list, bool quiet)
{
	json_t *item;
	size_t i;
	if (!quiet)
		printf("%-32s %-8s %-9s %-32s %-30s %s\n", "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER");
	json_array_foreach(list, i, item)
	{
		const char *id = json_string_value(json_object_get(item, "id"));
		if (quiet)
			printf("%s\n", id);
		else
			printf("%-32s %-8lld %-9s %-32s %-30s %s\n", id,
			       json_integer_value(json_object_get(item, "pid")),
			       json_string_value(json_object_get(item, "status")),
			       json_string_value(json_object_get(item, "bundle")),
			       json_string_value(json_object_get(item, "created")),
			       json_string_value(json_object_get(item, "owner")));
	}
}

int cli_list(const struct cli *cli, int argc, char **argv, struct error *err)
{
	static const struct option options[] = {
		{"format", required_argument, NULL, 'f'}, {"quiet", no_argument, NULL, 'q'}, {NULL, 0, NULL, 0}};
	bool json = false, quiet = false;
	int option;
	while ((option = getopt_long(argc, argv, "f:q", options, NULL)) != -1) {
		if (option == 'q')
			quiet = true;
		else if (option != 'f')
			return cli_usage(err, "list [--format table|json] [--quiet]");
		else if (parse_format(optarg, &json, err) < 0)
			return -1;
	}
	if (optind < argc)
		return cli_usage(err, "list [--format table|json] [--quiet]");
	json_t *list = collect(cli->root);
	if (json && !quiet)
		return cli_print_json(list, 0);
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

/* The column of PID in the head of what ps(1) prints, from 0 on; -1: there is none. */
static int pid_column(const char *head)
{
	int column = 0;
	for (const char *p = head + strspn(head, " "); *p && *p != '\n'; p += strspn(p, " "), column++) {
		size_t length = strcspn(p, " \n");
		if (length == 3 && strncmp(p, "PID", 3) == 0)
			return column;
		p += length;
	}
	return -1;
}

static bool has_pid(json_t *pids, const char *line, int column)
{
	json_t *pid;
	size_t i;
	const char *p = line + strspn(line, " ");
	for (; column > 0; column--) {
		p += strcspn(p, " \n");
		p += strspn(p, " ");
	}
	json_array_foreach(pids, i, pid) if (json_integer_value(pid) == strtoll(p, NULL, 10)) return true;
	return false;
}

/* What ps(1) of the host says of those processes; its arguments are `argv` from 1 on, or those of a full list. */
static int print_ps(json_t *pids, char **argv, struct error *err)
{
	static char *full[] = {"ps", "-ef", NULL};
	int pipe_fds[2], status = 0, column = 0;
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return error_errno(err, "runtime-failed", "make a pipe");
	pid_t pid = fork();
	if (pid == 0) {
		argv[0] = full[0];
		dup2(pipe_fds[1], STDOUT_FILENO);
		execvp(full[0], argv[1] ? argv : full);
		_exit(127);
	}
	close(pipe_fds[1]);
	auto_fclose FILE *output = fdopen(pipe_fds[0], "r");
	auto_free char *line = NULL;
	size_t room = 0;
	for (bool head = true; output && column >= 0 && getline(&line, &room, output) > 0; head = false) {
		if (head)
			column = pid_column(line);
		if (column >= 0 && (head || has_pid(pids, line, column)))
			fputs(line, stdout);
	}
	/* Whatever it has left to say must not keep it from ending. */
	while (output && getline(&line, &room, output) > 0)
		;
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid < 0 || status != 0)
		return error_set(err, "runtime-failed", "the host's ps(1) failed or is missing; --format json does without it");
	return column < 0 ? error_set(err, "usage", "with these options ps(1) prints no column PID") : 0;
}

int cli_ps(const struct cli *cli, int argc, char **argv, struct error *err)
{
	static const struct option options[] = {{"format", required_argument, NULL, 'f'}, {NULL, 0, NULL, 0}};
	bool json = false;
	int option;
	while ((option = getopt_long(argc, argv, "+f:", options, NULL)) != -1) {
		if (option != 'f')
			return cli_usage(err, "ps [--format table|json] ID [OPTIONS of ps(1)]");
		if (parse_format(optarg, &json, err) < 0)
			return -1;
	}
	const char *id = cli_container_id(argc > optind ? optind + 1 : argc, argv, optind, err);
	if (!id)
		return -1;
	struct state state = {0};
	auto_close int directory = state_open_directory(cli->root, id, err);
	int rc = directory < 0 ? -1 : state_load(directory, &state, err);
	json_t *pids = rc == 0 ? processes(&state) : NULL;
	state_free(&state);
	if (rc < 0)
		return -1;
	if (json)
		return cli_print_json(pids, 0);
	rc = print_ps(pids, argv + optind, err);
	json_decref(pids);
	return rc;
}
