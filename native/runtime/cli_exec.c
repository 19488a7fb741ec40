#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "cli.h"
#include "cli_options.h"
#include "cli_terminal.h"
#include "file.h"
#include "json.h"
#include "runtime.h"
#include "spec.h"
#include "state.h"

struct exec_options {
	struct runtime_options runtime;
	const char *process_file, *console_socket, *pid_file, *pidfd_socket, *cwd, *user, *apparmor;
	bool tty, detach, no_new_privileges;
	json_t *env, *capabilities, *groups;
};

static int parse(struct exec_options *exec, const struct cli *cli, int *argc, char ***argv, struct error *err)
{
	enum { CONSOLE = 256, PID_FILE, PIDFD, PRESERVE, CWD, NO_NEW_PRIVS, APPARMOR, CGROUP, IGNORE_PAUSED };
	static const struct option options[] = {
		{"process", required_argument, NULL, 'p'},	{"console-socket", required_argument, NULL, CONSOLE},
		{"pid-file", required_argument, NULL, PID_FILE}, {"preserve-fds", required_argument, NULL, PRESERVE},
		{"cwd", required_argument, NULL, CWD},		{"no-new-privs", no_argument, NULL, NO_NEW_PRIVS},
		{"apparmor", required_argument, NULL, APPARMOR}, {"cap", required_argument, NULL, 'c'},
		{"user", required_argument, NULL, 'u'},		{"env", required_argument, NULL, 'e'},
		{"tty", no_argument, NULL, 't'},			{"detach", no_argument, NULL, 'd'},
		{"additional-gids", required_argument, NULL, 'g'}, {"pidfd-socket", required_argument, NULL, PIDFD},
		{"cgroup", required_argument, NULL, CGROUP},	{"ignore-paused", no_argument, NULL, IGNORE_PAUSED},
		{NULL, 0, NULL, 0},
	};
	int option;
	while ((option = getopt_long(*argc, *argv, "+p:u:e:c:tdg:", options, NULL)) != -1) {
		unsigned group;
		switch (option) {
		case 'p':
			exec->process_file = optarg;
			break;
		case CONSOLE:
			exec->console_socket = optarg;
			break;
		case PID_FILE:
			exec->pid_file = optarg;
			break;
		case PRESERVE:
			if (cli_preserve_fds(optarg, &exec->runtime.preserve_fds, err) < 0)
				return -1;
			break;
		case CWD:
			exec->cwd = optarg;
			break;
		case NO_NEW_PRIVS:
			exec->no_new_privileges = true;
			break;
		case APPARMOR:
			exec->apparmor = optarg;
			break;
		case PIDFD:
			exec->pidfd_socket = optarg;
			break;
		case CGROUP:
			exec->runtime.sub_cgroup = optarg;
			break;
		case IGNORE_PAUSED:
			exec->runtime.ignore_paused = true;
			break;
		case 'c':
			json_array_append_new(exec->capabilities, json_string(optarg));
			break;
		case 'u':
			exec->user = optarg;
			break;
		case 'e':
			json_array_append_new(exec->env, json_string(optarg));
			break;
		case 'g':
			if (cli_parse_number(optarg, UINT32_MAX - 1, &group, "--additional-gids", err) < 0)
				return -1;
			json_array_append_new(exec->groups, json_integer(group));
			break;
		case 't':
			exec->tty = true;
			break;
		case 'd':
			exec->detach = true;
			break;
		default:
			return error_set(err, "usage", "see coracle-runtime --help");
		}
	}
	(void)cli;
	*argc -= optind;
	*argv += optind;
	if (*argc < 1 || (*argc < 2 && !exec->process_file))
		return cli_usage(err, "exec [OPTIONS] ID COMMAND [ARGUMENTS] | exec --process FILE ID");
	exec->runtime.id = (*argv)[0];
	return cli_listen_fds(&exec->runtime, err);
}

/* UID[:GID] in digits and nothing else: a name or a sign must never end up as 0. */
static int set_user(json_t *process, const char *text, struct error *err)
{
	unsigned uid, gid = 0;
	char copy[32];
	if (snprintf(copy, sizeof copy, "%s", text) >= (int)sizeof copy)
		return error_set(err, "usage", "--user: `%s` is not UID[:GID]", text);
	char *colon = strchr(copy, ':');
	if (colon)
		*colon = '\0';
	if (cli_parse_number(copy, UINT32_MAX - 1, &uid, "--user", err) < 0 ||
	    (colon && cli_parse_number(colon + 1, UINT32_MAX - 1, &gid, "--user", err) < 0))
		return -1;
	json_t *user = json_pack("{s:I s:I}", "uid", (json_int_t)uid, "gid", (json_int_t)gid);
	return json_object_set_new(process, "user", user);
}

static json_t *member(json_t *object, const char *key, json_t *(*make)(void))
{
	json_t *value = json_object_get(object, key);
	if (!value) {
		value = make();
		json_object_set_new(object, key, value);
	}
	return value;
}

static bool contains(json_t *names, const char *name)
{
	json_t *item;
	size_t i;
	json_array_foreach(names, i, item) if (strcmp(json_string_value(item), name) == 0) return true;
	return false;
}

static void add_capabilities(json_t *process, json_t *names)
{
	static const char *const sets[] = {"bounding", "effective", "permitted"};
	json_t *capabilities = member(process, "capabilities", json_object), *name;
	size_t i;
	json_array_foreach(names, i, name)
	{
		for (size_t set = 0; set < sizeof sets / sizeof *sets; set++)
			json_array_append(member(capabilities, sets[set], json_array), name);
		/* Nothing becomes inheritable here, and what isn't can't be ambient. */
		if (contains(json_object_get(capabilities, "inheritable"), json_string_value(name)))
			json_array_append(member(capabilities, "ambient", json_array), name);
	}
}

/* Without a process file, the process is the container's own with what the options change. */
static char *from_options(const struct exec_options *exec, char **args, struct error *err)
{
	auto_close int directory = state_open_directory(exec->runtime.root, exec->runtime.id, err);
	if (directory < 0)
		return NULL;
	size_t length;
	auto_free char *text = read_file_at(directory, "config.json", CONFIG_MAX, &length);
	json_t *config = text ? json_parse(text, length, "config.json", err) : NULL;
	if (!config) {
		if (!text)
			error_errno(err, "runtime-failed", "read the configuration of container `%s`", exec->runtime.id);
		return NULL;
	}
	json_t *process = json_incref(json_object_get(config, "process"));
	json_decref(config);
	json_t *array = json_array();
	for (; *args; args++)
		json_array_append_new(array, json_string(*args));
	json_object_set_new(process, "args", array);
	json_object_set_new(process, "terminal", json_boolean(exec->tty));
	if (exec->cwd)
		json_object_set_new(process, "cwd", json_string(exec->cwd));
	if (exec->apparmor)
		json_object_set_new(process, "apparmorProfile", json_string(exec->apparmor));
	if (exec->no_new_privileges)
		json_object_set_new(process, "noNewPrivileges", json_true());
	if (json_array_size(exec->env) > 0) {
		json_t *env = json_object_get(process, "env");
		if (env)
			json_array_extend(env, exec->env);
		else
			json_object_set(process, "env", exec->env);
	}
	char *result = NULL;
	if (!exec->user || set_user(process, exec->user, err) == 0) {
		add_capabilities(process, exec->capabilities);
		if (json_array_size(exec->groups) > 0)
			json_object_set(json_object_get(process, "user"), "additionalGids", exec->groups);
		result = json_dumps(process, JSON_COMPACT);
		if (!result)
			error_set(err, "usage", "an argument is not UTF-8");
	}
	json_decref(process);
	return result;
}

static char *process_text(const struct exec_options *exec, char **args, struct error *err)
{
	if (!exec->process_file)
		return from_options(exec, args, err);
	char *text = read_file_at(AT_FDCWD, exec->process_file, CONFIG_MAX, NULL);
	if (!text)
		error_errno(err, "bad-config", "read the process file %s", exec->process_file);
	return text;
}

static int run_exec(struct exec_options *exec, char **args, struct error *err)
{
	auto_free char *process = process_text(exec, args, err);
	auto_close int theirs = -1, console = -1;
	pid_t pid = -1;
	if (!process)
		return -1;
	if (exec->console_socket) {
		theirs = cli_connect(exec->console_socket, "--console-socket", err);
		exec->runtime.console_socket = theirs;
		if (theirs < 0)
			return -1;
	} else if (!exec->detach && cli_terminal_offer(&exec->runtime, &console, &theirs, err) < 0) {
		return -1;
	}
	if (!exec->detach)
		exec->runtime.made = cli_forward_signals;
	if (runtime_exec(&exec->runtime, process, &pid, err) < 0)
		return -1;
	if (theirs >= 0)
		close(steal_fd(&theirs));
	if ((exec->pid_file && cli_write_pid_file(exec->pid_file, pid, err) < 0) ||
	    cli_send_pidfd(exec->pidfd_socket, pid, err) < 0) {
		kill(pid, SIGKILL);
		return -1;
	}
	if (exec->detach)
		return 0;
	int terminal = console < 0 ? -1 : cli_terminal_receive(console);
	return cli_terminal_wait(terminal, pid);
}

int cli_exec(const struct cli *cli, int argc, char **argv, struct error *err)
{
	struct exec_options exec = {
		.runtime = {.root = cli->root, .stdio = {0, 1, 2}, .console_socket = -1, .start_socket = -1},
		.env = json_array(),
		.capabilities = json_array(),
		.groups = json_array(),
	};
	int rc = parse(&exec, cli, &argc, &argv, err);
	if (rc == 0)
		rc = run_exec(&exec, argv + 1, err);
	json_decref(exec.env);
	json_decref(exec.capabilities);
	json_decref(exec.groups);
	/* 126 and 127 say that the program can't be run; for all else what programs hardly ever end with. */
	if (rc < 0 && err->exit_code != 126 && err->exit_code != 127)
		err->exit_code = 255;
	return rc;
}
