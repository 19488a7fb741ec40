/* update */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "cgroup_systemd.h"
#include "cleanup.h"
#include "cli.h"
#include "cli_options.h"
#include "file.h"
#include "json.h"
#include "spec.h"
#include "state.h"

/* Which devices may be used stays as it was when the cgroup was made. */
static int check_devices(int directory, json_t *devices, struct error *err)
{
	size_t length;
	if (json_array_size(devices) == 0)
		return 0;
	auto_free char *text = read_file_at(directory, "config.json", CONFIG_MAX, &length);
	json_t *config = text ? json_parse(text, length, "config.json", err) : NULL;
	json_t *resources = json_object_get(json_object_get(config, "linux"), "resources");
	bool same = json_equal(devices, json_object_get(resources, "devices"));
	json_decref(config);
	return same ? 0 : error_set(err, "bad-config", "linux.resources.devices: can't be changed by update");
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
		rc = check_devices(directory, json_object_get(resources, "devices"), err);
	if (rc == 0)
		rc = cgroup_set_resources(cgroup, resources, err);
	if (rc == 0 && state.is_scope)
		rc = cgroup_systemd_update(state.cgroup, resources, err);
	state_free(&state);
	return rc;
}

enum update_kind { NUMBER, SIZE, TEXT };

static const struct {
	const char *option, *group, *key;
	enum update_kind kind;
} update_options[] = {
	{"memory", "memory", "limit", SIZE},
	{"memory-reservation", "memory", "reservation", SIZE},
	{"memory-swap", "memory", "swap", SIZE},
	{"cpu-share", "cpu", "shares", NUMBER},
	{"cpu-quota", "cpu", "quota", NUMBER},
	{"cpu-period", "cpu", "period", NUMBER},
	{"cpu-burst", "cpu", "burst", NUMBER},
	{"cpu-idle", "cpu", "idle", NUMBER},
	{"cpuset-cpus", "cpu", "cpus", TEXT},
	{"cpuset-mems", "cpu", "mems", TEXT},
	{"pids-limit", "pids", "limit", NUMBER},
	{"blkio-weight", "blockIO", "weight", NUMBER},
};
#define UPDATE_OPTIONS (sizeof update_options / sizeof *update_options)

/* `64m`, `1.5GiB`, as Docker writes sizes; -1: no limit. */
static int parse_size(const char *text, json_int_t *value)
{
	static const char units[] = "kmgtp";
	char *end;
	if (strcmp(text, "-1") == 0) {
		*value = -1;
		return 0;
	}
	double number = strtod(text, &end);
	if (end == text || number < 0)
		return -1;
	const char *unit = *end ? strchr(units, tolower((unsigned char)*end)) : NULL;
	if (unit) {
		number *= (double)(1ULL << (10 * (unit - units + 1)));
		end += tolower((unsigned char)end[1]) == 'i' ? 2 : 1;
	}
	if (tolower((unsigned char)*end) == 'b')
		end++;
	if (*end || !(number < 9e18))
		return -1;
	*value = (json_int_t)number;
	return 0;
}

static int parse_value(enum update_kind kind, const char *text, json_int_t *value)
{
	char *end;
	if (kind == SIZE)
		return parse_size(text, value);
	errno = 0;
	*value = strtoll(text, &end, 10);
	return end == text || *end != '\0' || errno != 0 ? -1 : 0;
}

static int set_update(json_t *resources, size_t i, const char *text, struct error *err)
{
	json_t *group = json_object_get(resources, update_options[i].group);
	if (!group) {
		group = json_object();
		json_object_set_new(resources, update_options[i].group, group);
	}
	json_int_t value;
	if (update_options[i].kind == TEXT)
		return json_object_set_new(group, update_options[i].key, json_string(text));
	if (parse_value(update_options[i].kind, text, &value) < 0)
		return error_set(err, "usage", "--%s: `%s` is not a %s", update_options[i].option, text,
				 update_options[i].kind == SIZE ? "size" : "number");
	return json_object_set_new(group, update_options[i].key, json_integer(value));
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
	while (rc == 0 && (option = getopt_long(argc, argv, "r:", options, NULL)) != -1) {
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
