/* The process object of config.json, also the argument of `exec --process`. */
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>

#include "capabilities.h"
#include "cleanup.h"
#include "json.h"
#include "spec.h"

static const char *const where = "process";

static const struct {
	const char *name;
	int resource;
} rlimit_names[] = {
	{"RLIMIT_AS", RLIMIT_AS},		{"RLIMIT_CORE", RLIMIT_CORE},
	{"RLIMIT_CPU", RLIMIT_CPU},		{"RLIMIT_DATA", RLIMIT_DATA},
	{"RLIMIT_FSIZE", RLIMIT_FSIZE},		{"RLIMIT_LOCKS", RLIMIT_LOCKS},
	{"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},	{"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
	{"RLIMIT_NICE", RLIMIT_NICE},		{"RLIMIT_NOFILE", RLIMIT_NOFILE},
	{"RLIMIT_NPROC", RLIMIT_NPROC},		{"RLIMIT_RSS", RLIMIT_RSS},
	{"RLIMIT_RTPRIO", RLIMIT_RTPRIO},	{"RLIMIT_RTTIME", RLIMIT_RTTIME},
	{"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING}, {"RLIMIT_STACK", RLIMIT_STACK},
};

static int read_rlimits(json_t *json, struct process_spec *process, struct error *err)
{
	json_t *array = NULL, *item;
	size_t i;
	if (json_read_array(json, where, "rlimits", &array, err) < 0)
		return -1;
	process->rlimits = calloc(json_array_size(array) + 1, sizeof *process->rlimits);
	if (!process->rlimits)
		return error_errno(err, "runtime-failed", "read process.rlimits");
	json_array_foreach(array, i, item)
	{
		const char *type = "";
		uint64_t soft = 0, hard = 0;
		bool has_soft, has_hard;
		if (json_read_string(item, "process.rlimits", "type", &type, err) < 0 ||
		    json_read_u64(item, "process.rlimits", "soft", &soft, &has_soft, err) < 0 ||
		    json_read_u64(item, "process.rlimits", "hard", &hard, &has_hard, err) < 0)
			return -1;
		size_t n = 0;
		while (n < sizeof rlimit_names / sizeof *rlimit_names && strcmp(rlimit_names[n].name, type) != 0)
			n++;
		if (n == sizeof rlimit_names / sizeof *rlimit_names)
			return error_set(err, "bad-config", "process.rlimits[%zu]: unknown type `%s`", i, type);
		if (!has_soft || !has_hard)
			return error_set(err, "bad-config", "process.rlimits: %s needs both soft and hard", type);
		for (size_t j = 0; j < process->rlimit_count; j++)
			if (process->rlimits[j].resource == rlimit_names[n].resource)
				return error_set(err, "bad-config", "process.rlimits: %s is given twice", type);
		process->rlimits[process->rlimit_count++] = (struct rlimit_spec){
			rlimit_names[n].resource, rlimit_names[n].name, {.rlim_cur = soft, .rlim_max = hard}};
	}
	return 0;
}

static int read_user(json_t *json, struct process_spec *process, struct error *err)
{
	json_t *user = NULL, *groups = NULL, *item;
	int64_t uid = 0, gid = 0, mask = -1;
	size_t i;
	if (json_read_object(json, where, "user", &user, err) < 0)
		return -1;
	if (json_read_int(user, "process.user", "uid", 0, UINT32_MAX - 1, &uid, NULL, err) < 0 ||
	    json_read_int(user, "process.user", "gid", 0, UINT32_MAX - 1, &gid, NULL, err) < 0 ||
	    json_read_int(user, "process.user", "umask", 0, 07777, &mask, NULL, err) < 0 ||
	    json_read_array(user, "process.user", "additionalGids", &groups, err) < 0)
		return -1;
	process->uid = (uid_t)uid;
	process->gid = (gid_t)gid;
	process->umask = (mode_t)mask;
	process->groups = calloc(json_array_size(groups) + 1, sizeof *process->groups);
	if (!process->groups)
		return error_errno(err, "runtime-failed", "read process.user");
	json_array_foreach(groups, i, item)
	{
		if (!json_is_integer(item) || json_integer_value(item) < 0 || json_integer_value(item) >= UINT32_MAX)
			return error_set(err, "bad-config", "process.user.additionalGids[%zu]: not a group id", i);
		process->groups[process->group_count++] = (gid_t)json_integer_value(item);
	}
	return 0;
}

static int read_capabilities(json_t *json, struct process_spec *process, struct error *err)
{
	static const char *const sets[] = {"bounding", "effective", "inheritable", "permitted", "ambient", NULL};
	json_t *capabilities = NULL;
	if (json_read_object(json, where, "capabilities", &capabilities, err) < 0 ||
	    json_only_keys(capabilities, "process.capabilities", sets, err) < 0)
		return -1;
	for (int set = 0; sets[set]; set++) {
		auto_free char **names = NULL;
		if (json_read_strings(capabilities, "process.capabilities", sets[set], &names, err) < 0)
			return -1;
		for (char **name = names; *name; name++) {
			int capability = capability_from_name(*name);
			if (capability < 0)
				process->unknown_capability = *name;
			else
				process->capabilities[set] |= 1ULL << capability;
		}
	}
	return 0;
}

static int read_console_size(json_t *json, struct process_spec *process, struct error *err)
{
	json_t *size = NULL;
	int64_t height = 0, width = 0;
	if (json_read_object(json, where, "consoleSize", &size, err) < 0 ||
	    json_read_int(size, "process.consoleSize", "height", 0, UINT16_MAX, &height, NULL, err) < 0 ||
	    json_read_int(size, "process.consoleSize", "width", 0, UINT16_MAX, &width, NULL, err) < 0)
		return -1;
	process->rows = (unsigned short)height;
	process->columns = (unsigned short)width;
	return 0;
}

static int check(const struct process_spec *process, json_t *json, struct error *err)
{
	const char *label = "";
	if (json_read_string(json, where, "selinuxLabel", &label, err) < 0)
		return -1;
	if (*label)
		return error_set(err, "bad-config",
				 "process.selinuxLabel: SELinux is not supported by this runtime; run with label=disable");
	if (!process->args[0])
		return error_set(err, "bad-config", "process.args: is empty");
	if (process->cwd[0] != '/')
		return error_set(err, "bad-config", "process.cwd: `%s` is not an absolute path", process->cwd);
	for (char **variable = process->env; *variable; variable++)
		if (!strchr(*variable, '=') || **variable == '=')
			return error_set(err, "bad-config", "process.env: `%s` is not NAME=VALUE", *variable);
	return 0;
}

void process_spec_warn(const struct process_spec *process)
{
	if (process->unknown_capability)
		dprintf(2, "Warning: process.capabilities: no capability `%s` is known here, so it isn't given\n",
			process->unknown_capability);
}

int spec_read_process(json_t *json, struct process_spec *process, struct error *err)
{
	json_t *affinity = NULL;
	int64_t oom = 0;
	process->cwd = "";
	if (json_read_strings(json, where, "args", &process->args, err) < 0 ||
	    json_read_strings(json, where, "env", &process->env, err) < 0 ||
	    json_read_string(json, where, "cwd", &process->cwd, err) < 0 ||
	    json_read_bool(json, where, "terminal", &process->terminal, err) < 0 ||
	    json_read_bool(json, where, "noNewPrivileges", &process->no_new_privileges, err) < 0 ||
	    json_read_int(json, where, "oomScoreAdj", -1000, 1000, &oom, &process->has_oom_score_adj, err) < 0 ||
	    json_read_string(json, where, "apparmorProfile", &process->apparmor_profile, err) < 0 ||
	    json_read_object(json, where, "ioPriority", &process->io_priority, err) < 0 ||
	    json_read_object(json, where, "scheduler", &process->scheduler, err) < 0 ||
	    json_read_object(json, where, "execCPUAffinity", &affinity, err) < 0 ||
	    json_read_string(affinity, "process.execCPUAffinity", "initial", &process->initial_cpus, err) < 0 ||
	    json_read_string(affinity, "process.execCPUAffinity", "final", &process->final_cpus, err) < 0 ||
	    read_user(json, process, err) < 0 || read_capabilities(json, process, err) < 0 ||
	    read_rlimits(json, process, err) < 0 || read_console_size(json, process, err) < 0)
		return -1;
	process->oom_score_adj = (int)oom;
	return check(process, json, err);
}

void process_spec_free(struct process_spec *process)
{
	free(process->args);
	free(process->env);
	free(process->groups);
	free(process->rlimits);
}
