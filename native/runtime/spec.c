#include "spec.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "json.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

const struct namespace_kind_info namespace_kinds[NS_KINDS] = {
	[NS_USER] = {"user", "user", CLONE_NEWUSER},	     [NS_MOUNT] = {"mount", "mnt", CLONE_NEWNS},
	[NS_PID] = {"pid", "pid", CLONE_NEWPID},	     [NS_NETWORK] = {"network", "net", CLONE_NEWNET},
	[NS_IPC] = {"ipc", "ipc", CLONE_NEWIPC},	     [NS_UTS] = {"uts", "uts", CLONE_NEWUTS},
	[NS_CGROUP] = {"cgroup", "cgroup", CLONE_NEWCGROUP}, [NS_TIME] = {"time", "time", CLONE_NEWTIME},
};

int spec_read_mappings(json_t *object, const char *where, const char *key, struct id_mappings *mappings,
		       struct error *err)
{
	json_t *array = NULL, *item;
	size_t i;
	if (json_read_array(object, where, key, &array, err) < 0)
		return -1;
	if (json_array_size(array) == 0)
		return 0;
	mappings->items = calloc(json_array_size(array), sizeof *mappings->items);
	if (!mappings->items)
		return error_errno(err, "runtime-failed", "read %s.%s", where, key);
	json_array_foreach(array, i, item)
	{
		int64_t container = 0, host = 0, size = 0;
		if (json_read_int(item, key, "containerID", 0, UINT32_MAX - 1, &container, NULL, err) < 0 ||
		    json_read_int(item, key, "hostID", 0, UINT32_MAX - 1, &host, NULL, err) < 0 ||
		    json_read_int(item, key, "size", 1, UINT32_MAX, &size, NULL, err) < 0)
			return -1;
		if (size == 0)
			return error_set(err, "bad-config", "%s.%s[%zu]: has no size", where, key, i);
		mappings->items[mappings->count++] = (struct id_mapping){(uint32_t)container, (uint32_t)host,
									 (uint32_t)size};
	}
	return 0;
}

static int read_namespaces(json_t *linux_json, struct spec *spec, struct error *err)
{
	static const char *const known[] = {"type", "path", NULL};
	json_t *array = NULL, *item;
	size_t i;
	if (json_read_array(linux_json, "linux", "namespaces", &array, err) < 0)
		return -1;
	json_array_foreach(array, i, item)
	{
		const char *type = "", *path = NULL;
		if (json_only_keys(item, "linux.namespaces", known, err) < 0 ||
		    json_read_string(item, "linux.namespaces", "type", &type, err) < 0 ||
		    json_read_string(item, "linux.namespaces", "path", &path, err) < 0)
			return -1;
		int kind = 0;
		while (kind < NS_KINDS && strcmp(namespace_kinds[kind].name, type) != 0)
			kind++;
		if (kind == NS_KINDS)
			return error_set(err, "bad-config", "linux.namespaces[%zu]: unknown type `%s`", i, type);
		if (spec->namespaces[kind].use != NS_HOST)
			return error_set(err, "bad-config", "linux.namespaces: `%s` is given twice", type);
		bool join = path && *path;
		if (join && path[0] != '/')
			return error_set(err, "bad-config", "linux.namespaces[%zu]: path `%s` is not absolute", i, path);
		spec->namespaces[kind] = (struct namespace_spec){join ? NS_JOIN : NS_NEW, join ? path : NULL};
	}
	return 0;
}

static int check_namespaces(const struct spec *spec, struct error *err)
{
	const struct namespace_spec *ns = spec->namespaces;
	if ((spec->uids.count || spec->gids.count) && ns[NS_USER].use != NS_NEW)
		return error_set(err, "bad-config", "linux.uidMappings and gidMappings need a new user namespace");
	/* With neither, an ordinary user has default ones: see idmap_add_default(). */
	bool mapped = spec->uids.count && spec->gids.count, unmapped = !spec->uids.count && !spec->gids.count;
	if (ns[NS_USER].use == NS_NEW && !mapped && (!unmapped || geteuid() == 0))
		return error_set(err, "bad-config",
				 "a new user namespace needs both linux.uidMappings and linux.gidMappings");
	if (spec->time_offsets && json_object_size(spec->time_offsets) && ns[NS_TIME].use != NS_NEW)
		return error_set(err, "bad-config", "linux.timeOffsets needs a new time namespace");
	if ((spec->hostname || spec->domainname) && ns[NS_UTS].use == NS_HOST)
		return error_set(err, "bad-config", "hostname and domainname need a UTS namespace of the container");
	return 0;
}

static int read_propagation(json_t *linux_json, struct spec *spec, struct error *err)
{
	static const struct {
		const char *name;
		uint64_t flags;
	} names[] = {
		{"", MS_SLAVE},		{"slave", MS_SLAVE},	{"rslave", MS_SLAVE},
		{"private", MS_PRIVATE},	{"rprivate", MS_PRIVATE},	{"shared", MS_SHARED},
		{"rshared", MS_SHARED}, {"unbindable", MS_UNBINDABLE}, {"runbindable", MS_UNBINDABLE},
	};
	const char *name = "";
	if (json_read_string(linux_json, "linux", "rootfsPropagation", &name, err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i].name, name) == 0) {
			spec->rootfs_propagation = names[i].flags;
			spec->has_propagation = *name;
			return 0;
		}
	return error_set(err, "bad-config", "linux.rootfsPropagation: unknown value `%s`", name);
}

static int read_personality(json_t *linux_json, struct spec *spec, struct error *err)
{
	json_t *personality = NULL, *flags = NULL;
	const char *domain = "";
	if (json_read_object(linux_json, "linux", "personality", &personality, err) < 0)
		return -1;
	if (!personality)
		return 0;
	if (json_read_string(personality, "linux.personality", "domain", &domain, err) < 0 ||
	    json_read_array(personality, "linux.personality", "flags", &flags, err) < 0)
		return -1;
	if (json_array_size(flags))
		return error_set(err, "bad-config", "linux.personality.flags: none are supported");
	if (strcmp(domain, "LINUX") != 0 && strcmp(domain, "LINUX32") != 0)
		return error_set(err, "bad-config", "linux.personality.domain: unknown value `%s`", domain);
	spec->has_personality = true;
	spec->personality = strcmp(domain, "LINUX32") == 0 ? PER_LINUX32 : PER_LINUX;
	return 0;
}

/* Kernel facilities that this runtime does not drive: asking for them and not getting them would be a false promise. */
static int refuse_unsupported(json_t *linux_json, struct error *err)
{
	const char *label = "";
	if (json_object_size(json_object_get(linux_json, "intelRdt")))
		return error_set(err, "bad-config",
				 "linux.intelRdt: not supported by this runtime; remove it or use another runtime");
	if (json_read_string(linux_json, "linux", "mountLabel", &label, err) < 0)
		return -1;
	if (*label)
		return error_set(err, "bad-config",
				 "linux.mountLabel: SELinux is not supported by this runtime; run with label=disable");
	return 0;
}

static int check_absolute(char **paths, const char *key, struct error *err)
{
	for (; *paths; paths++)
		if (**paths != '/')
			return error_set(err, "bad-config", "linux.%s: `%s` is not an absolute path", key, *paths);
	return 0;
}

static int read_linux(json_t *linux_json, struct spec *spec, struct error *err)
{
	static const char *const known[] = {
		"namespaces",  "uidMappings",	"gidMappings", "devices", "cgroupsPath",   "resources",	  "intelRdt",
		"sysctl",      "seccomp",	"maskedPaths", "readonlyPaths", "mountLabel", "personality",
		"timeOffsets", "rootfsPropagation", "memoryPolicy", "netDevices", NULL};
	const char *where = "linux";
	if (json_only_keys(linux_json, where, known, err) < 0 ||
	    refuse_unsupported(linux_json, err) < 0 ||
	    read_namespaces(linux_json, spec, err) < 0 || read_propagation(linux_json, spec, err) < 0 ||
	    read_personality(linux_json, spec, err) < 0 ||
	    spec_read_mappings(linux_json, where, "uidMappings", &spec->uids, err) < 0 ||
	    spec_read_mappings(linux_json, where, "gidMappings", &spec->gids, err) < 0 ||
	    spec_read_devices(linux_json, spec, err) < 0 ||
	    json_read_string(linux_json, where, "cgroupsPath", &spec->cgroups_path, err) < 0 ||
	    json_read_object(linux_json, where, "resources", &spec->resources, err) < 0 ||
	    json_read_object(linux_json, where, "sysctl", &spec->sysctl, err) < 0 ||
	    json_read_object(linux_json, where, "seccomp", &spec->seccomp, err) < 0 ||
	    json_read_object(linux_json, where, "timeOffsets", &spec->time_offsets, err) < 0 ||
	    json_read_object(linux_json, where, "memoryPolicy", &spec->memory_policy, err) < 0 ||
	    json_read_object(linux_json, where, "netDevices", &spec->net_devices, err) < 0 ||
	    json_read_strings(linux_json, where, "maskedPaths", &spec->masked_paths, err) < 0 ||
	    json_read_strings(linux_json, where, "readonlyPaths", &spec->readonly_paths, err) < 0)
		return -1;
	if (spec->cgroups_path && !*spec->cgroups_path)
		spec->cgroups_path = NULL;
	if (check_absolute(spec->masked_paths, "maskedPaths", err) < 0)
		return -1;
	return check_absolute(spec->readonly_paths, "readonlyPaths", err);
}

/* MAJOR.MINOR.PATCH, and after that - or + and what doesn't matter here. */
static bool is_semantic_version(const char *version)
{
	for (int part = 0; part < 3; part++) {
		size_t digits = strspn(version, "0123456789");
		if (digits == 0 || (part < 2 && version[digits] != '.'))
			return false;
		version += digits + (part < 2 ? 1 : 0);
	}
	return !*version || *version == '-' || *version == '+';
}

static int check_annotations(json_t *annotations, struct error *err)
{
	const char *key;
	json_t *value;
	json_object_foreach(annotations, key, value)
		if (!json_is_string(value))
			return error_set(err, "bad-config", "annotations: the value of `%s` is not a string", key);
	if (json_object_get(annotations, ""))
		return error_set(err, "bad-config", "annotations: there is an empty key");
	return 0;
}

const char *const spec_annotations[] = {
	"run.oci.keep_original_groups",
	/* What crun would make of these isolates more than what comes without it. */
	"run.oci.handler", "run.oci.seccomp_bpf_data", "run.oci.seccomp_fail_unknown_syscall", NULL};

static int read_annotations(struct spec *spec, struct error *err)
{
	spec->keep_groups = json_object_get(spec->annotations, spec_annotations[0]) != NULL;
	for (size_t i = 1; spec_annotations[i]; i++) {
		const char *text = json_string_value(json_object_get(spec->annotations, spec_annotations[i]));
		if (text && *text)
			return error_set(err, "bad-config",
					 "annotations: `%s` is not supported by this runtime; remove it or use crun",
					 spec_annotations[i]);
	}
	return 0;
}

static int read_top(struct spec *spec, struct error *err)
{
	json_t *json = spec->json, *root = NULL, *process = NULL, *linux_json = NULL;
	const char *version = NULL, *name = "config.json";
	if (json_read_string(json, name, "ociVersion", &version, err) < 0)
		return -1;
	if (!version || strncmp(version, "1.", 2) != 0 || !is_semantic_version(version))
		return error_set(err, "bad-config", "config.json: ociVersion `%s` is not 1.x.y", version ? version : "");
	if (json_read_object(json, name, "root", &root, err) < 0 ||
	    json_read_object(json, name, "process", &process, err) < 0 ||
	    json_read_object(json, name, "linux", &linux_json, err) < 0 ||
	    json_read_object(json, name, "hooks", &spec->hooks, err) < 0 ||
	    json_read_object(json, name, "annotations", &spec->annotations, err) < 0 ||
	    json_read_string(json, name, "hostname", &spec->hostname, err) < 0 ||
	    json_read_string(json, name, "domainname", &spec->domainname, err) < 0)
		return -1;
	if (!root)
		return error_set(err, "bad-config", "config.json: `root` is missing");
	if (json_read_string(root, "root", "path", &spec->rootfs, err) < 0 ||
	    json_read_bool(root, "root", "readonly", &spec->rootfs_readonly, err) < 0)
		return -1;
	if (!spec->rootfs || !*spec->rootfs)
		return error_set(err, "bad-config", "root.path: is missing");
	if (process) {
		spec->has_process = true;
		if (spec_read_process(process, &spec->process, err) < 0)
			return -1;
	}
	if (check_annotations(spec->annotations, err) < 0 || read_annotations(spec, err) < 0)
		return -1;
	if (spec->hostname && !*spec->hostname)
		spec->hostname = NULL;
	if (spec->domainname && !*spec->domainname)
		spec->domainname = NULL;
	return read_linux(linux_json, spec, err);
}

int spec_load(int dirfd, const char *file, struct spec *spec, struct error *err)
{
	memset(spec, 0, sizeof *spec);
	size_t length;
	auto_free char *text = read_file_at(dirfd, file, CONFIG_MAX, &length);
	if (!text)
		return error_errno(err, "bad-config", "read %s of the bundle", file);
	spec->json = json_parse(text, length, file, err);
	if (!spec->json || read_top(spec, err) < 0 || spec_read_mounts(spec, err) < 0)
		return -1;
	return check_namespaces(spec, err);
}

void spec_free(struct spec *spec)
{
	for (size_t i = 0; i < spec->mount_count; i++) {
		free(spec->mounts[i].data);
		free(spec->mounts[i].uids.items);
		free(spec->mounts[i].gids.items);
		if (spec->mounts[i].mapped_fd >= 0)
			close(spec->mounts[i].mapped_fd);
	}
	free(spec->mounts);
	free(spec->devices);
	free(spec->uids.items);
	free(spec->gids.items);
	free(spec->masked_paths);
	free(spec->readonly_paths);
	process_spec_free(&spec->process);
	json_decref(spec->json);
}
