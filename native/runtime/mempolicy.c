#include "mempolicy.h"

#include <linux/mempolicy.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "idlist.h"
#include "json.h"

#define NODES_MAX 4096
#define WEIGHTED_INTERLEAVE 6 /* not in older headers */

static const char *const where = "linux.memoryPolicy";

struct name_value {
	const char *name;
	int value;
};

static const struct name_value modes[] = {
	{"MPOL_DEFAULT", MPOL_DEFAULT},
	{"MPOL_PREFERRED", MPOL_PREFERRED},
	{"MPOL_BIND", MPOL_BIND},
	{"MPOL_INTERLEAVE", MPOL_INTERLEAVE},
	{"MPOL_LOCAL", MPOL_LOCAL},
	{"MPOL_PREFERRED_MANY", MPOL_PREFERRED_MANY},
	{"MPOL_WEIGHTED_INTERLEAVE", WEIGHTED_INTERLEAVE},
	{NULL, 0},
};

static const struct name_value flags[] = {
	{"MPOL_F_NUMA_BALANCING", MPOL_F_NUMA_BALANCING},
	{"MPOL_F_RELATIVE_NODES", MPOL_F_RELATIVE_NODES},
	{"MPOL_F_STATIC_NODES", MPOL_F_STATIC_NODES},
	{NULL, 0},
};

const char *memory_policy_mode(size_t i)
{
	return modes[i].name;
}

const char *memory_policy_flag(size_t i)
{
	return flags[i].name;
}

struct policy {
	int mode;
	const char *mode_name, *nodes;
	unsigned long mask[NODES_MAX / ID_LIST_WORD];
};

static int find(const struct name_value *table, const char *key, const char *name, int *value, struct error *err)
{
	for (; table->name; table++)
		if (strcmp(table->name, name) == 0) {
			*value |= table->value;
			return 0;
		}
	return error_set(err, "bad-config", "%s.%s: unknown value `%s`", where, key, name);
}

/* Which of them go together only the kernel knows. */
static int parse(json_t *json, struct policy *policy, struct error *err)
{
	static const char *const known[] = {"mode", "nodes", "flags", NULL};
	auto_free char **names = NULL;
	*policy = (struct policy){.mode_name = "", .nodes = ""};
	if (json_only_keys(json, where, known, err) < 0 ||
	    json_read_string(json, where, "mode", &policy->mode_name, err) < 0 ||
	    json_read_string(json, where, "nodes", &policy->nodes, err) < 0 ||
	    json_read_strings(json, where, "flags", &names, err) < 0 ||
	    find(modes, "mode", policy->mode_name, &policy->mode, err) < 0)
		return -1;
	for (char **name = names; *name; name++)
		if (find(flags, "flags", *name, &policy->mode, err) < 0)
			return -1;
	if (id_list_parse(policy->nodes, policy->mask, NODES_MAX) < 0)
		return error_set(err, "bad-config", "%s.nodes: `%s` is not a list of nodes", where, policy->nodes);
	return 0;
}

int memory_policy_check(json_t *json, struct error *err)
{
	struct policy policy;
	return json ? parse(json, &policy, err) : 0;
}

int memory_policy_set(json_t *json, struct error *err)
{
	struct policy policy;
	if (!json)
		return 0;
	if (parse(json, &policy, err) < 0)
		return -1;
	/* The kernel takes one bit less than it is told of. */
	const unsigned long *mask = *policy.nodes ? policy.mask : NULL;
	if (syscall(SYS_set_mempolicy, policy.mode, mask, mask ? NODES_MAX + 1UL : 0) < 0)
		return error_errno(err, "runtime-failed", "set the memory policy %s of nodes `%s`", policy.mode_name,
				   policy.nodes);
	return 0;
}
