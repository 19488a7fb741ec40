#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "cli.h"
#include "cli_options.h"
#include "file.h"
#include "json.h"
#include "runtime.h"
#include "spec.h"
#include "state.h"

struct exec_options {
	struct runtime_options runtime;
	const char *process_file, *console_socket, *pid_file, *cwd, *user, *apparmor;
	bool tty, detach, no_new_privileges;
	json_t *env, *capabilities, *groups;
};

static int parse(struct exec_options *exec, const struct cli *cli, int *argc, char ***argv, struct error *err)
{
	enum { CONSOLE = 256, PID_FILE, PRESERVE, CWD, NO_NEW_PRIVS, APPARMOR, CAP, IGNORED };
	static const struct option options[] = {
		{"process", required_argument, NULL, 'p'},	{"console-socket", required_argument, NULL, CONSOLE},
		{"pid-file", required_argument, NULL, PID_FILE}, {"preserve-fds", required_argument, NULL, PRESERVE},
		{"cwd", required_argument, NULL, CWD},		{"no-new-privs", no_argument, NULL, NO_NEW_PRIVS},
		{"apparmor", required_argument, NULL, APPARMOR}, {"cap", required_argument, NULL, CAP},
		{"user", required_argument, NULL, 'u'},		{"env", required_argument, NULL, 'e'},
		{"tty", no_argument, NULL, 't'},			{"detach", no_argument, NULL, 'd'},
		{"additional-gids", required_argument, NULL, 'g'}, {NULL, 0, NULL, 0},
	};
	int option;
	while ((option = getopt_long(*argc, *argv, "+p:u:e:tdg:", options, NULL)) != -1) {
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
			if (cli_parse_number(optarg, 1 << 16, &exec->runtime.preserve_fds, "--preserve-fds", err) < 0)
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
		case CAP:
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

static int add_capabilities(json_t *process, json_t *names)
{
	static const char *const sets[] = {"bounding", "effective", "permitted"};
	json_t *capabilities = json_object_get(process, "capabilities");
	if (!capabilities) {
		capabilities = json_object();
		json_object_set_new(process, "capabilities", capabilities);
	}
	for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
		json_t *set = json_object_get(capabilities, sets[i]);
		if (!set) {
			set = json_array();
			json_object_set_new(capabilities, sets[i], set);
		}
		if (json_array_extend(set, names) < 0)
			return -1;
	}
	return 0;
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
	if ((!exec->user || set_user(process, exec->user, err) == 0) &&
	    add_capabilities(process, exec->capabilities) == 0) {
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

int cli_exec(const struct cli *cli, int argc, char **argv, struct error *err)
{
	struct exec_options exec = {
		.runtime = {.root = cli->root, .stdio = {0, 1, 2}, .console_socket = -1, .start_socket = -1},
		.env = json_array(),
		.capabilities = json_array(),
		.groups = json_array(),
	};
	pid_t pid = -1;
	auto_close int console = -1;
	auto_free char *process = NULL;
	int rc = parse(&exec, cli, &argc, &argv, err);
	if (rc == 0 && !(process = process_text(&exec, argv + 1, err)))
		rc = -1;
	if (rc == 0 && exec.console_socket) {
		console = cli_connect_console(exec.console_socket, err);
		exec.runtime.console_socket = console;
		rc = console < 0 ? -1 : 0;
	}
	if (rc == 0)
		rc = runtime_exec(&exec.runtime, process, &pid, err);
	json_decref(exec.env);
	json_decref(exec.capabilities);
	json_decref(exec.groups);
	if (rc == 0 && exec.pid_file)
		rc = cli_write_pid_file(exec.pid_file, pid, err);
	if (rc < 0)
		return -1;
	return exec.detach ? 0 : cli_wait(pid);
}
