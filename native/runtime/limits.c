#include "limits.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "idlist.h"
#include "json.h"

#define CPUS_MAX 8192

struct name_value {
	const char *name;
	unsigned value;
};

static int find(const struct name_value *table, const char *where, const char *name, unsigned *value,
		struct error *err)
{
	for (; table->name; table++)
		if (strcmp(table->name, name) == 0) {
			*value = table->value;
			return 0;
		}
	return error_set(err, "bad-config", "%s: unknown value `%s`", where, name);
}

static int set_io_priority(json_t *json, struct error *err)
{
	static const struct name_value classes[] = {
		{"IOPRIO_CLASS_RT", IOPRIO_CLASS_RT}, {"IOPRIO_CLASS_BE", IOPRIO_CLASS_BE},
		{"IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE}, {NULL, 0},
	};
	const char *name = "";
	unsigned class = 0;
	int64_t priority = 0;
	if (json_read_string(json, "process.ioPriority", "class", &name, err) < 0 ||
	    find(classes, "process.ioPriority.class", name, &class, err) < 0 ||
	    json_read_int(json, "process.ioPriority", "priority", 0, 7, &priority, NULL, err) < 0)
		return -1;
	if (syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(class, (unsigned)priority)) < 0)
		return error_errno(err, "runtime-failed", "set the I/O priority");
	return 0;
}

static int read_scheduler_flags(json_t *json, struct sched_attr *attr, struct error *err)
{
	static const struct name_value flags[] = {
		{"SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK},
		{"SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM},
		{"SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN},
		{"SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY},
		{"SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS},
		{"SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN},
		{"SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX},
		{NULL, 0},
	};
	auto_free char **names = NULL;
	if (json_read_strings(json, "process.scheduler", "flags", &names, err) < 0)
		return -1;
	for (char **name = names; *name; name++) {
		unsigned flag = 0;
		if (find(flags, "process.scheduler.flags", *name, &flag, err) < 0)
			return -1;
		attr->sched_flags |= flag;
	}
	return 0;
}

static int set_scheduler(json_t *json, struct error *err)
{
	static const struct name_value policies[] = {
		{"SCHED_OTHER", SCHED_NORMAL}, {"SCHED_FIFO", SCHED_FIFO}, {"SCHED_RR", SCHED_RR},
		{"SCHED_BATCH", SCHED_BATCH},  {"SCHED_ISO", 4},	     {"SCHED_IDLE", SCHED_IDLE},
		{"SCHED_DEADLINE", SCHED_DEADLINE}, {NULL, 0},
	};
	const char *where = "process.scheduler", *name = "";
	struct sched_attr attr = {.size = sizeof attr};
	int64_t nice = 0, priority = 0;
	uint64_t runtime = 0, deadline = 0, period = 0;
	if (json_read_string(json, where, "policy", &name, err) < 0 ||
	    find(policies, "process.scheduler.policy", name, &attr.sched_policy, err) < 0 ||
	    json_read_int(json, where, "nice", -20, 19, &nice, NULL, err) < 0 ||
	    json_read_int(json, where, "priority", 0, 99, &priority, NULL, err) < 0 ||
	    json_read_u64(json, where, "runtime", &runtime, NULL, err) < 0 ||
	    json_read_u64(json, where, "deadline", &deadline, NULL, err) < 0 ||
	    json_read_u64(json, where, "period", &period, NULL, err) < 0 ||
	    read_scheduler_flags(json, &attr, err) < 0)
		return -1;
	attr.sched_nice = (int32_t)nice;
	attr.sched_priority = (uint32_t)priority;
	attr.sched_runtime = runtime;
	attr.sched_deadline = deadline;
	attr.sched_period = period;
	if (syscall(SYS_sched_setattr, 0, &attr, 0) < 0)
		return error_errno(err, "runtime-failed", "set the scheduler %s", name);
	return 0;
}

int limits_set(const struct process_spec *process, struct error *err)
{
	for (size_t i = 0; i < process->rlimit_count; i++)
		if (setrlimit((__rlimit_resource_t)process->rlimits[i].resource, &process->rlimits[i].limit) < 0)
			return error_errno(err, "runtime-failed",
					   "set %s (a user can't raise the hard limit that the caller has)",
					   process->rlimits[i].name);
	if (process->io_priority && set_io_priority(process->io_priority, err) < 0)
		return -1;
	return process->scheduler ? set_scheduler(process->scheduler, err) : 0;
}

int limits_set_oom_score(pid_t pid, int score, struct error *err)
{
	char path[64], text[16];
	snprintf(path, sizeof path, "/proc/%d/oom_score_adj", (int)pid);
	int length = snprintf(text, sizeof text, "%d", score);
	auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, text, (size_t)length) == length)
		return 0;
	/* Only real root may lower the score; a container that is killed earlier is no worse isolated. */
	if (errno == EACCES || errno == EPERM)
		return 0;
	return error_errno(err, "runtime-failed", "set the OOM score");
}

int limits_set_affinity(const char *cpus, struct error *err)
{
	unsigned long mask[CPUS_MAX / ID_LIST_WORD] = {0};
	if (!cpus || !*cpus)
		return 0;
	if (id_list_parse(cpus, mask, CPUS_MAX) < 0)
		return error_set(err, "bad-config", "process.execCPUAffinity: `%s` is not a list of CPUs", cpus);
	if (syscall(SYS_sched_setaffinity, 0, sizeof mask, mask) < 0)
		return error_errno(err, "runtime-failed", "set the CPU affinity `%s`", cpus);
	return 0;
}

void limits_reset_affinity(void)
{
	unsigned long mask[CPUS_MAX / ID_LIST_WORD];
	memset(mask, 0xff, sizeof mask);
	(void)syscall(SYS_sched_setaffinity, 0, sizeof mask, mask);
}

void limits_allow(pid_t pid, const struct process_spec *process)
{
	for (size_t i = 0; i < process->rlimit_count; i++) {
		const struct rlimit_spec *wanted = &process->rlimits[i];
		struct rlimit limit;
		/* Where this fails, limits_set() will say so. */
		if (prlimit(pid, (__rlimit_resource_t)wanted->resource, NULL, &limit) < 0 ||
		    limit.rlim_max >= wanted->limit.rlim_max)
			continue;
		limit.rlim_max = wanted->limit.rlim_max;
		(void)prlimit(pid, (__rlimit_resource_t)wanted->resource, &limit, NULL);
	}
}
