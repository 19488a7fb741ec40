#include "cgroup_stats.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "cleanup.h"
#include "file.h"

#define FILE_MAX ((size_t)1 << 16)

static json_int_t number_of(const char *text)
{
	return (json_int_t)strtoll(text, NULL, 10);
}

static void set_number(json_t *object, const char *member, json_int_t value)
{
	json_object_set_new(object, member, json_integer(value));
}

/* From a file that holds one number; without a member where it is `max`: no limit. */
static void add_file(json_t *object, const char *member, int cgroup, const char *file)
{
	auto_free char *text = read_file_at(cgroup, file, FILE_MAX, NULL);
	if (text && strncmp(text, "max", 3) != 0)
		set_number(object, member, number_of(text));
}

static void add_key(json_t *object, const char *member, const char *text, const char *key, json_int_t factor)
{
	const char *value = cgroup_value(text, key);
	if (value)
		set_number(object, member, number_of(value) * factor);
}

/* Both lines of a pressure file: `some avg10=0.00 avg60=0.00 avg300=0.00 total=0`. */
static void add_pressure(json_t *object, int cgroup, const char *file)
{
	auto_free char *text = read_file_at(cgroup, file, FILE_MAX, NULL);
	json_t *pressure = text ? json_object() : NULL;
	for (int full = 0; pressure && full < 2; full++) {
		double avg10, avg60, avg300;
		unsigned long long total;
		const char *line = cgroup_value(text, full ? "full" : "some");
		if (line && sscanf(line, "avg10=%lf avg60=%lf avg300=%lf total=%llu", &avg10, &avg60, &avg300, &total) == 4)
			json_object_set_new(pressure, full ? "full" : "some",
					    json_pack("{s:{s:f s:f s:f s:I}}", "data", "avg10", avg10, "avg60", avg60,
						      "avg300", avg300, "total", (json_int_t)total));
	}
	if (pressure)
		json_object_set_new(object, "psi", pressure);
}

static json_t *cpu(int cgroup)
{
	const json_int_t us = 1000;
	auto_free char *stat = read_file_at(cgroup, "cpu.stat", FILE_MAX, NULL);
	json_t *cpu = json_object(), *usage = json_object(), *throttling = json_object();
	add_key(usage, "total", stat, "usage_usec", us);
	add_key(usage, "kernel", stat, "system_usec", us);
	add_key(usage, "user", stat, "user_usec", us);
	add_key(throttling, "periods", stat, "nr_periods", 1);
	add_key(throttling, "throttledPeriods", stat, "nr_throttled", 1);
	add_key(throttling, "throttledTime", stat, "throttled_usec", us);
	json_object_set_new(cpu, "usage", usage);
	json_object_set_new(cpu, "throttling", throttling);
	add_pressure(cpu, cgroup, "cpu.pressure");
	return cpu;
}

static json_t *memory(int cgroup)
{
	auto_free char *events = read_file_at(cgroup, "memory.events", FILE_MAX, NULL);
	auto_free char *stat = read_file_at(cgroup, "memory.stat", FILE_MAX, NULL);
	json_t *memory = json_object(), *usage = json_object(), *swap = json_object(), *raw = json_object();
	add_file(usage, "usage", cgroup, "memory.current");
	add_file(usage, "max", cgroup, "memory.peak");
	add_file(usage, "limit", cgroup, "memory.max");
	add_key(usage, "failcnt", events, "max", 1);
	add_file(swap, "usage", cgroup, "memory.swap.current");
	add_file(swap, "limit", cgroup, "memory.swap.max");
	add_key(memory, "cache", stat, "file", 1);
	for (char *rest = stat, *line; rest && (line = strsep(&rest, "\n"));) {
		char *space = strchr(line, ' ');
		if (!space)
			continue;
		*space = '\0';
		set_number(raw, line, number_of(space + 1));
	}
	json_object_set_new(memory, "usage", usage);
	json_object_set_new(memory, "swap", swap);
	json_object_set_new(memory, "raw", raw);
	add_pressure(memory, cgroup, "memory.pressure");
	return memory;
}

static json_t *pids(int cgroup)
{
	json_t *pids = json_object();
	add_file(pids, "current", cgroup, "pids.current");
	add_file(pids, "limit", cgroup, "pids.max");
	return pids;
}

/* io.stat: `254:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0`. */
static json_t *block_io(int cgroup)
{
	static const struct {
		const char *key, *list, *op;
	} counters[] = {
		{"rbytes=", "ioServiceBytesRecursive", "Read"}, {"wbytes=", "ioServiceBytesRecursive", "Write"},
		{"rios=", "ioServicedRecursive", "Read"},	{"wios=", "ioServicedRecursive", "Write"},
	};
	auto_free char *text = read_file_at(cgroup, "io.stat", FILE_MAX, NULL);
	json_t *io = json_pack("{s:[] s:[]}", counters[0].list, counters[2].list);
	for (char *rest = text, *line; rest && (line = strsep(&rest, "\n"));) {
		unsigned major, minor;
		if (sscanf(line, "%u:%u", &major, &minor) != 2)
			continue;
		for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
			const char *at = strstr(line, counters[i].key);
			if (at)
				json_array_append_new(json_object_get(io, counters[i].list),
						      json_pack("{s:i s:i s:s s:I}", "major", (int)major, "minor",
								(int)minor, "op", counters[i].op, "value",
								number_of(at + strlen(counters[i].key))));
		}
	}
	add_pressure(io, cgroup, "io.pressure");
	return io;
}

/* A member for each size of huge pages that the kernel has. */
static json_t *huge_pages(int cgroup)
{
	json_t *sizes = json_object();
	auto_close int copy = openat(cgroup, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *entries = copy < 0 ? NULL : fdopendir(copy);
	if (entries)
		(void)steal_fd(&copy);
	for (struct dirent *entry; entries && (entry = readdir(entries));) {
		char size[32], file[64];
		int end = 0;
		if (sscanf(entry->d_name, "hugetlb.%31[^.].current%n", size, &end) != 1 || !end || entry->d_name[end])
			continue;
		json_t *usage = json_object();
		add_file(usage, "usage", cgroup, entry->d_name);
		snprintf(file, sizeof file, "hugetlb.%s.events", size);
		auto_free char *events = read_file_at(cgroup, file, FILE_MAX, NULL);
		add_key(usage, "failcnt", events, "max", 1);
		json_object_set_new(sizes, size, usage);
	}
	return sizes;
}

static void add(json_t *stats, const char *member, json_t *group)
{
	if (json_object_size(group))
		json_object_set(stats, member, group);
	json_decref(group);
}

json_t *cgroup_stats(const char *directory, struct error *err)
{
	auto_close int cgroup = cgroup_open(directory);
	if (cgroup < 0) {
		error_errno(err, "runtime-failed", "open cgroup %s", directory);
		return NULL;
	}
	json_t *stats = json_object();
	add(stats, "cpu", cpu(cgroup));
	add(stats, "memory", memory(cgroup));
	add(stats, "pids", pids(cgroup));
	add(stats, "blkio", block_io(cgroup));
	add(stats, "hugetlb", huge_pages(cgroup));
	return stats;
}
