/* linux.resources as cgroup v2 files. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "cleanup.h"
#include "file.h"
#include "json.h"

/* Either the controller has not been delegated to us, or the kernel has it without this file. */
static int missing(int cgroup, const char *file, struct error *err)
{
	char controller[32];
	auto_free char *available = read_file_at(cgroup, "cgroup.controllers", 4096, NULL);
	snprintf(controller, sizeof controller, "%.*s", (int)strcspn(file, "."), file);
	if (available && cgroup_has_word(available, controller))
		error_set(err, "runtime-failed",
			  "the limit %s cannot be set: this kernel's cgroup controller `%s` does not have it; run without it",
			  file, controller);
	else
		error_set(err, "no-controller",
			  "the limit %s cannot be set: the cgroup controller `%s` is not available here; delegate it "
			  "to the user (systemd: Delegate=%s) or run without the limit",
			  file, controller, controller);
	err->errnum = ENOENT;
	return -1;
}

/* `file` is CONTROLLER.NAME. */
static int set(int cgroup, const char *file, const char *value, struct error *err)
{
	auto_close int fd = openat(cgroup, file, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == EACCES || errno == EPERM))
		return missing(cgroup, file, err);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		return error_errno(err, "runtime-failed", "write `%s` to %s", value, file);
	return 0;
}

static int set_number(int cgroup, const char *file, int64_t value, struct error *err)
{
	char text[32];
	snprintf(text, sizeof text, "%" PRId64, value);
	return set(cgroup, file, value < 0 ? "max" : text, err);
}

static int unsupported(const char *name, struct error *err)
{
	return error_set(err, "bad-config", "linux.resources.%s: there is no such thing in cgroup v2", name);
}

/* -1: `max`. 0 where there is no such file. */
static int64_t current(int cgroup, const char *file)
{
	auto_free char *text = read_file_at(cgroup, file, 64, NULL);
	return !text ? 0 : strncmp(text, "max", 3) == 0 ? -1 : strtoll(text, NULL, 10);
}

static int set_memory(int cgroup, json_t *json, struct error *err)
{
	const char *where = "linux.resources.memory";
	static const char *const known[] = {"limit",  "reservation", "swap", "kernel", "kernelTCP", "swappiness",
					    "disableOOMKiller", "useHierarchy", "checkBeforeUpdate", NULL};
	int64_t limit = 0, reservation = 0, swap = 0, swappiness = 0, kernel = 0, tcp = 0;
	bool has_limit, has_reservation, has_swap, has_swappiness, no_oom_kill = false, check = false;
	if (json_only_keys(json, where, known, err) < 0 ||
	    json_read_int(json, where, "limit", -1, INT64_MAX, &limit, &has_limit, err) < 0 ||
	    json_read_int(json, where, "reservation", -1, INT64_MAX, &reservation, &has_reservation, err) < 0 ||
	    json_read_int(json, where, "swap", -1, INT64_MAX, &swap, &has_swap, err) < 0 ||
	    json_read_int(json, where, "kernel", -1, INT64_MAX, &kernel, NULL, err) < 0 ||
	    json_read_int(json, where, "kernelTCP", -1, INT64_MAX, &tcp, NULL, err) < 0 ||
	    json_read_int(json, where, "swappiness", 0, 200, &swappiness, &has_swappiness, err) < 0 ||
	    json_read_bool(json, where, "disableOOMKiller", &no_oom_kill, err) < 0 ||
	    json_read_bool(json, where, "checkBeforeUpdate", &check, err) < 0)
		return -1;
	if (no_oom_kill || has_swappiness)
		return unsupported(no_oom_kill ? "memory.disableOOMKiller" : "memory.swappiness", err);
	if (kernel > 0 || tcp > 0)
		return unsupported(kernel > 0 ? "memory.kernel" : "memory.kernelTCP", err);
	if (check && limit > 0 && current(cgroup, "memory.current") > limit)
		return error_set(err, "runtime-failed", "%s.limit: the container already uses more than %" PRId64 " bytes",
				 where, limit);
	/* As with cgroup v1, where swap counts with memory. */
	if (has_limit && limit < 0 && !has_swap) {
		has_swap = true;
		swap = -1;
	}
	if (has_swap && swap > 0 && !has_limit)
		limit = current(cgroup, "memory.max");
	if (has_limit && limit != 0 && set_number(cgroup, "memory.max", limit, err) < 0)
		return -1;
	if (has_reservation && reservation != 0 && set_number(cgroup, "memory.low", reservation, err) < 0)
		return -1;
	/* The specification counts memory and swap together, the kernel swap alone. */
	if (has_swap && swap != 0) {
		if (swap > 0 && (limit <= 0 || swap < limit))
			return error_set(err, "bad-config", "%s.swap: must be at least the memory limit", where);
		if (set_number(cgroup, "memory.swap.max", swap < 0 ? -1 : swap - limit, err) < 0 &&
		    !(err->errnum == ENOENT && (swap < 0 || swap == limit)))
			return -1;
	}
	return 0;
}

static int set_cpu_max(int cgroup, int64_t quota, uint64_t period, bool has_period, struct error *err)
{
	char text[64];
	/* A new period leaves the quota as it is. */
	if (quota == 0)
		quota = current(cgroup, "cpu.max");
	int n = quota > 0 ? snprintf(text, sizeof text, "%" PRId64, quota) : snprintf(text, sizeof text, "max");
	if (has_period && period > 0)
		snprintf(text + n, sizeof text - (size_t)n, " %" PRIu64, period);
	return set(cgroup, "cpu.max", text, err);
}

uint64_t cgroup_cpu_weight(uint64_t shares)
{
	uint64_t bounded = shares < 2 ? 2 : shares > 262144 ? 262144 : shares;
	return 1 + ((bounded - 2) * 9999) / 262142;
}

static int set_cpu(int cgroup, json_t *json, struct error *err)
{
	const char *where = "linux.resources.cpu", *cpus = "", *mems = "";
	static const char *const known[] = {"shares", "quota", "burst", "period", "realtimeRuntime", "realtimePeriod",
					    "cpus",   "mems",  "idle",	NULL};
	uint64_t shares = 0, period = 0, burst = 0, rt_period = 0;
	int64_t quota = 0, idle = 0, rt_runtime = 0;
	bool has_quota, has_period, has_burst, has_idle;
	if (json_only_keys(json, where, known, err) < 0 ||
	    json_read_u64(json, where, "shares", &shares, NULL, err) < 0 ||
	    json_read_int(json, where, "quota", INT64_MIN, INT64_MAX, &quota, &has_quota, err) < 0 ||
	    json_read_u64(json, where, "burst", &burst, &has_burst, err) < 0 ||
	    json_read_u64(json, where, "period", &period, &has_period, err) < 0 ||
	    json_read_int(json, where, "realtimeRuntime", INT64_MIN, INT64_MAX, &rt_runtime, NULL, err) < 0 ||
	    json_read_u64(json, where, "realtimePeriod", &rt_period, NULL, err) < 0 ||
	    json_read_int(json, where, "idle", 0, 1, &idle, &has_idle, err) < 0 ||
	    json_read_string(json, where, "cpus", &cpus, err) < 0 ||
	    json_read_string(json, where, "mems", &mems, err) < 0)
		return -1;
	if (rt_runtime || rt_period)
		return unsupported("cpu.realtimeRuntime and realtimePeriod", err);
	if (has_idle && set_number(cgroup, "cpu.idle", idle, err) < 0)
		return -1;
	/* The idle have none. */
	if (shares && !idle && set_number(cgroup, "cpu.weight", (int64_t)cgroup_cpu_weight(shares), err) < 0)
		return -1;
	if (((has_quota && quota != 0) || (has_period && period > 0)) &&
	    set_cpu_max(cgroup, quota, period, has_period, err) < 0)
		return -1;
	if (has_burst && set_number(cgroup, "cpu.max.burst", (int64_t)burst, err) < 0)
		return -1;
	if (*cpus && set(cgroup, "cpuset.cpus", cpus, err) < 0)
		return -1;
	return *mems ? set(cgroup, "cpuset.mems", mems, err) : 0;
}

static int set_throttle(int cgroup, json_t *io, const char *key, const char *name, struct error *err)
{
	json_t *array = NULL, *item;
	size_t i;
	if (json_read_array(io, "linux.resources.blockIO", key, &array, err) < 0)
		return -1;
	json_array_foreach(array, i, item)
	{
		int64_t major = 0, minor = 0;
		uint64_t rate = 0;
		char text[96];
		if (json_read_int(item, key, "major", 0, UINT32_MAX, &major, NULL, err) < 0 ||
		    json_read_int(item, key, "minor", 0, UINT32_MAX, &minor, NULL, err) < 0 ||
		    json_read_u64(item, key, "rate", &rate, NULL, err) < 0)
			return -1;
		int n = snprintf(text, sizeof text, "%" PRId64 ":%" PRId64 " %s=", major, minor, name);
		if (rate)
			snprintf(text + n, sizeof text - (size_t)n, "%" PRIu64, rate);
		else
			snprintf(text + n, sizeof text - (size_t)n, "max");
		if (set(cgroup, "io.max", text, err) < 0)
			return -1;
	}
	return 0;
}

/* [10, 1000] of the specification onto [1, 10000] of io.weight; io.bfq.weight takes it as it is. */
static int set_io_weight(int cgroup, const char *prefix, int64_t weight, struct error *err)
{
	char text[64];
	snprintf(text, sizeof text, "%s%" PRId64, prefix, weight);
	if (set(cgroup, "io.bfq.weight", text, err) == 0)
		return 0;
	if (err->errnum != ENOENT)
		return -1;
	snprintf(text, sizeof text, "%s%" PRId64, prefix, 1 + (weight - 10) * 9999 / 990);
	return set(cgroup, "io.weight", text, err);
}

static int set_io(int cgroup, json_t *json, struct error *err)
{
	const char *where = "linux.resources.blockIO";
	static const char *const known[] = {"weight", "leafWeight", "weightDevice", "throttleReadBpsDevice",
					    "throttleWriteBpsDevice", "throttleReadIOPSDevice",
					    "throttleWriteIOPSDevice", NULL};
	int64_t weight = 0, leaf = 0;
	json_t *devices = NULL, *item;
	size_t i;
	if (json_only_keys(json, where, known, err) < 0 ||
	    json_read_int(json, where, "weight", 0, 1000, &weight, NULL, err) < 0 ||
	    json_read_int(json, where, "leafWeight", 0, 1000, &leaf, NULL, err) < 0 ||
	    json_read_array(json, where, "weightDevice", &devices, err) < 0)
		return -1;
	if (leaf)
		return unsupported("blockIO.leafWeight", err);
	if (weight && set_io_weight(cgroup, "", weight, err) < 0)
		return -1;
	json_array_foreach(devices, i, item)
	{
		int64_t major = 0, minor = 0, device_weight = 0;
		char prefix[48];
		if (json_read_int(item, where, "major", 0, UINT32_MAX, &major, NULL, err) < 0 ||
		    json_read_int(item, where, "minor", 0, UINT32_MAX, &minor, NULL, err) < 0 ||
		    json_read_int(item, where, "weight", 0, 1000, &device_weight, NULL, err) < 0)
			return -1;
		snprintf(prefix, sizeof prefix, "%" PRId64 ":%" PRId64 " ", major, minor);
		if (device_weight && set_io_weight(cgroup, prefix, device_weight, err) < 0)
			return -1;
	}
	if (set_throttle(cgroup, json, "throttleReadBpsDevice", "rbps", err) < 0 ||
	    set_throttle(cgroup, json, "throttleWriteBpsDevice", "wbps", err) < 0 ||
	    set_throttle(cgroup, json, "throttleReadIOPSDevice", "riops", err) < 0)
		return -1;
	return set_throttle(cgroup, json, "throttleWriteIOPSDevice", "wiops", err);
}

static int set_pids(int cgroup, json_t *json, struct error *err)
{
	int64_t limit = 0;
	bool has_limit;
	if (json_read_int(json, "linux.resources.pids", "limit", INT64_MIN, INT64_MAX, &limit, &has_limit, err) < 0)
		return -1;
	if (!has_limit || limit == 0)
		return 0;
	/* No limit needs no controller. */
	if (set_number(cgroup, "pids.max", limit, err) < 0 && !(limit < 0 && err->errnum == ENOENT))
		return -1;
	return 0;
}

static int set_hugepages(int cgroup, json_t *array, struct error *err)
{
	json_t *item;
	size_t i;
	json_array_foreach(array, i, item)
	{
		const char *size = "";
		uint64_t limit = 0;
		char file[80], text[32];
		if (json_read_string(item, "linux.resources.hugepageLimits", "pageSize", &size, err) < 0 ||
		    json_read_u64(item, "linux.resources.hugepageLimits", "limit", &limit, NULL, err) < 0)
			return -1;
		if (strchr(size, '/') || snprintf(file, sizeof file, "hugetlb.%s.max", size) >= 64)
			return error_set(err, "bad-config", "linux.resources.hugepageLimits: bad pageSize `%s`", size);
		snprintf(text, sizeof text, "%" PRIu64, limit);
		if (set(cgroup, file, text, err) < 0)
			return -1;
		/* What is reserved counts, too, on kernels that count it: else the limit only shows at the page fault. */
		snprintf(file, sizeof file, "hugetlb.%s.rsvd.max", size);
		if (set(cgroup, file, text, err) < 0 && err->errnum != ENOENT)
			return -1;
	}
	return 0;
}

/* Of files with a line for each device the kernel takes one line at a time. */
static int set_lines(int cgroup, const char *file, const char *value, struct error *err)
{
	auto_free char *copy = strdup(value);
	if (!copy)
		return error_errno(err, "runtime-failed", "set %s", file);
	char *rest = copy;
	for (char *line; (line = strsep(&rest, "\n"));)
		if ((*line || line == copy) && set(cgroup, file, line, err) < 0)
			return -1;
	return 0;
}

static int set_unified(int cgroup, json_t *json, struct error *err)
{
	const char *file;
	json_t *value;
	json_object_foreach(json, file, value)
	{
		if (!json_is_string(value) || strchr(file, '/') || !strchr(file, '.') || *file == '.' ||
		    strncmp(file, "cgroup.", 7) == 0)
			return error_set(err, "bad-config", "linux.resources.unified: `%s` is not a controller's file",
					 file);
		if (set_lines(cgroup, file, json_string_value(value), err) < 0)
			return -1;
	}
	return 0;
}

int cgroup_set_resources(int cgroup, json_t *resources, struct error *err)
{
	/* `devices` is for a new cgroup only: cgroup_set_devices(). */
	static const char *const known[] = {"devices", "memory", "cpu", "pids", "blockIO", "hugepageLimits", "network",
					    "rdma",    "unified", NULL};
	const char *where = "linux.resources";
	json_t *memory = NULL, *cpu = NULL, *pids = NULL, *io = NULL, *huge = NULL, *network = NULL, *rdma = NULL,
	       *unified = NULL;
	if (json_only_keys(resources, where, known, err) < 0 ||
	    json_read_object(resources, where, "memory", &memory, err) < 0 ||
	    json_read_object(resources, where, "cpu", &cpu, err) < 0 ||
	    json_read_object(resources, where, "pids", &pids, err) < 0 ||
	    json_read_object(resources, where, "blockIO", &io, err) < 0 ||
	    json_read_array(resources, where, "hugepageLimits", &huge, err) < 0 ||
	    json_read_object(resources, where, "network", &network, err) < 0 ||
	    json_read_object(resources, where, "rdma", &rdma, err) < 0 ||
	    json_read_object(resources, where, "unified", &unified, err) < 0)
		return -1;
	if (json_object_size(network))
		return unsupported("network", err);
	if (json_object_size(rdma))
		return error_set(err, "bad-config", "linux.resources.rdma: use linux.resources.unified with rdma.max");
	if ((memory && set_memory(cgroup, memory, err) < 0) || (cpu && set_cpu(cgroup, cpu, err) < 0) ||
	    (pids && set_pids(cgroup, pids, err) < 0) || (io && set_io(cgroup, io, err) < 0) ||
	    set_hugepages(cgroup, huge, err) < 0)
		return -1;
	return set_unified(cgroup, unified, err);
}
