#include "cgroup_systemd.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "cleanup.h"
#include "systemd_bus.h"

#define FIXED_COUNT 4
#define LIMITS_MAX 8

struct scope {
	char *slice, *unit;
};

static int parse(const char *path, struct scope *scope, struct error *err)
{
	const char *first = strchr(path, ':'), *second = first ? strchr(first + 1, ':') : NULL;
	if (!second || !second[1] || strchr(path, '/') || strchr(second + 1, ':'))
		return error_set(err, "bad-config",
				 "linux.cgroupsPath `%s`: the systemd cgroup manager takes SLICE:PREFIX:NAME", path);
	int prefix = (int)(second - first - 1);
	scope->slice = first == path ? strdup(systemd_is_users() ? "user.slice" : "system.slice")
				     : strndup(path, (size_t)(first - path));
	const char *dash = prefix ? "-" : "";
	if (!scope->slice || asprintf(&scope->unit, "%.*s%s%s.scope", prefix, first + 1, dash, second + 1) < 0)
		return error_errno(err, "runtime-failed", "name the scope of %s", path);
	return 0;
}

static int64_t limit_of(json_t *resources, const char *group, const char *name)
{
	return json_integer_value(json_object_get(json_object_get(resources, group), name));
}

static void add(struct systemd_property *properties, size_t *count, const char *name, int64_t value)
{
	if (value != 0)
		properties[(*count)++] = (struct systemd_property){
			.name = name, .type = 't', .number = value < 0 ? UINT64_MAX : (uint64_t)value};
}

static int64_t cpu_weight(json_t *resources)
{
	const char *unified = json_string_value(json_object_get(json_object_get(resources, "unified"), "cpu.weight"));
	int64_t shares = limit_of(resources, "cpu", "shares");
	if (unified)
		return strtoll(unified, NULL, 10);
	return shares > 0 && limit_of(resources, "cpu", "idle") == 0 ? (int64_t)cgroup_cpu_weight((uint64_t)shares) : 0;
}

/*
 * The limits are written to the cgroup's files like everyone's. systemd must know those that it has settings for as well: it
 * writes its own into the files whenever it is told to reload.
 */
static size_t limits(json_t *resources, struct systemd_property properties[LIMITS_MAX])
{
	int64_t memory = limit_of(resources, "memory", "limit"), swap = limit_of(resources, "memory", "swap");
	int64_t quota = limit_of(resources, "cpu", "quota"), period = limit_of(resources, "cpu", "period");
	size_t count = 0;
	add(properties, &count, "MemoryMax", memory);
	add(properties, &count, "MemoryLow", limit_of(resources, "memory", "reservation"));
	if (swap < 0 || (memory > 0 && swap >= memory))
		properties[count++] = (struct systemd_property){
			.name = "MemorySwapMax",
			.type = 't',
			.number = swap < 0 ? UINT64_MAX : (uint64_t)(swap - memory)};
	add(properties, &count, "CPUWeight", cpu_weight(resources));
	add(properties, &count, "TasksMax", limit_of(resources, "pids", "limit"));
	if (quota > 0 && quota < INT64_MAX / 1000000) {
		add(properties, &count, "CPUQuotaPerSecUSec", quota * 1000000 / (period > 0 ? period : 100000));
		add(properties, &count, "CPUQuotaPeriodUSec", period);
	}
	return count;
}

static int start_scope(const struct scope *scope, pid_t pid, json_t *resources, struct error *err)
{
	const struct systemd_property fixed[] = {
		{.name = "Slice", .type = 's', .text = scope->slice},
		{.name = "Delegate", .type = 'b', .number = 1},
		{.name = "DefaultDependencies", .type = 'b'},
		{.name = "CollectMode", .type = 's', .text = "inactive-or-failed"},
	};
	struct systemd_property properties[FIXED_COUNT + LIMITS_MAX];
	memcpy(properties, fixed, sizeof fixed);
	size_t count = FIXED_COUNT + limits(resources, properties + FIXED_COUNT);
	return systemd_start_scope(scope->unit, pid, properties, count, err);
}

static const char *unit_of(const char *directory)
{
	const char *slash = strrchr(directory, '/');
	return slash ? slash + 1 : directory;
}

int cgroup_systemd_update(const char *directory, json_t *resources, struct error *err)
{
	struct systemd_property properties[LIMITS_MAX];
	size_t count = limits(resources, properties);
	return count == 0 ? 0 : systemd_set_properties(unit_of(directory), properties, count, err);
}

/*
 * systemd takes a scope for ended when the kernel tells it that the cgroup is empty. That comes late, and is lost when the
 * cgroup is removed before: the scope would stay for ever.
 */
int cgroup_systemd_remove(const char *directory, struct error *err)
{
	struct error ignored; /* without systemd there are no scopes either */
	int rc = cgroup_remove(directory, err);
	if (rc == 0)
		(void)systemd_stop_unit(unit_of(directory), &ignored);
	return rc;
}

static pid_t make_placeholder(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		for (;;)
			pause();
	}
	return pid;
}

int cgroup_systemd_make(const char *path, json_t *resources, char **directory, struct error *err)
{
	struct scope scope = {0};
	pid_t pid = -1;
	int rc = parse(path, &scope, err);
	if (rc == 0 && (pid = make_placeholder()) < 0)
		rc = error_errno(err, "runtime-failed", "fork");
	if (rc == 0)
		rc = start_scope(&scope, pid, resources, err);
	if (rc == 0 && !(*directory = cgroup_path_of(pid)))
		rc = error_errno(err, "runtime-failed", "find the cgroup of the scope %s", scope.unit);
	free(scope.slice);
	free(scope.unit);
	if (rc < 0)
		cgroup_systemd_release(pid);
	return rc < 0 ? -1 : pid;
}

void cgroup_systemd_release(int pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}
