/* mounts[] of config.json and the meaning of their options. */
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "cleanup.h"
#include "json.h"
#include "spec.h"

enum option_kind { SET, CLEAR, REC_SET, REC_CLEAR, PROPAGATION, REC_PROPAGATION, BIND, RBIND, REMOUNT, COPY_UP,
		   COPY_SYMLINK, SOURCE_NOFOLLOW, TARGET_NOFOLLOW, IDMAP, RIDMAP, NOFAIL, DATA, IGNORE };

static const struct mount_option {
	const char *name;
	enum option_kind kind;
	uint64_t flags;
} mount_options[] = {
	{"bind", BIND, 0},
	{"rbind", RBIND, 0},
	{"remount", REMOUNT, 0},
	{"defaults", IGNORE, 0},
	{"auto", IGNORE, 0},
	{"noauto", IGNORE, 0},
	{"silent", IGNORE, 0}, /* what the kernel logs */
	{"loud", IGNORE, 0},
	{"iversion", IGNORE, 0}, /* as every file system has it by now */
	{"noiversion", IGNORE, 0},
	/* The kernel knows these by their names, as it does the options of file systems. */
	{"async", DATA, 0},
	{"sync", DATA, 0},
	{"dirsync", DATA, 0},
	{"lazytime", DATA, 0},
	{"nolazytime", DATA, 0},
	{"mand", DATA, 0},
	{"nomand", DATA, 0},
	{"nofail", NOFAIL, 0},
	{"ro", SET, MOUNT_ATTR_RDONLY},
	{"rw", CLEAR, MOUNT_ATTR_RDONLY},
	{"nosuid", SET, MOUNT_ATTR_NOSUID},
	{"suid", CLEAR, MOUNT_ATTR_NOSUID},
	{"nodev", SET, MOUNT_ATTR_NODEV},
	{"dev", CLEAR, MOUNT_ATTR_NODEV},
	{"noexec", SET, MOUNT_ATTR_NOEXEC},
	{"exec", CLEAR, MOUNT_ATTR_NOEXEC},
	{"noatime", SET, MOUNT_ATTR_NOATIME},
	{"atime", CLEAR, MOUNT_ATTR_NOATIME},
	{"strictatime", SET, MOUNT_ATTR_STRICTATIME},
	{"nostrictatime", CLEAR, MOUNT_ATTR_STRICTATIME},
	{"relatime", SET, MOUNT_ATTR_RELATIME},
	{"norelatime", CLEAR, MOUNT_ATTR_RELATIME},
	{"nodiratime", SET, MOUNT_ATTR_NODIRATIME},
	{"diratime", CLEAR, MOUNT_ATTR_NODIRATIME},
	{"nosymfollow", SET, MOUNT_ATTR_NOSYMFOLLOW},
	{"symfollow", CLEAR, MOUNT_ATTR_NOSYMFOLLOW},
	{"rro", REC_SET, MOUNT_ATTR_RDONLY},
	{"rrw", REC_CLEAR, MOUNT_ATTR_RDONLY},
	{"rnosuid", REC_SET, MOUNT_ATTR_NOSUID},
	{"rsuid", REC_CLEAR, MOUNT_ATTR_NOSUID},
	{"rnodev", REC_SET, MOUNT_ATTR_NODEV},
	{"rdev", REC_CLEAR, MOUNT_ATTR_NODEV},
	{"rnoexec", REC_SET, MOUNT_ATTR_NOEXEC},
	{"rexec", REC_CLEAR, MOUNT_ATTR_NOEXEC},
	{"rnoatime", REC_SET, MOUNT_ATTR_NOATIME},
	{"ratime", REC_CLEAR, MOUNT_ATTR_NOATIME},
	{"rstrictatime", REC_SET, MOUNT_ATTR_STRICTATIME},
	{"rnostrictatime", REC_CLEAR, MOUNT_ATTR_STRICTATIME},
	{"rrelatime", REC_SET, MOUNT_ATTR_RELATIME},
	{"rnorelatime", REC_CLEAR, MOUNT_ATTR_RELATIME},
	{"rnodiratime", REC_SET, MOUNT_ATTR_NODIRATIME},
	{"rdiratime", REC_CLEAR, MOUNT_ATTR_NODIRATIME},
	{"rnosymfollow", REC_SET, MOUNT_ATTR_NOSYMFOLLOW},
	{"rsymfollow", REC_CLEAR, MOUNT_ATTR_NOSYMFOLLOW},
	{"private", PROPAGATION, MS_PRIVATE},
	{"rprivate", REC_PROPAGATION, MS_PRIVATE},
	{"slave", PROPAGATION, MS_SLAVE},
	{"rslave", REC_PROPAGATION, MS_SLAVE},
	{"shared", PROPAGATION, MS_SHARED},
	{"rshared", REC_PROPAGATION, MS_SHARED},
	{"unbindable", PROPAGATION, MS_UNBINDABLE},
	{"runbindable", REC_PROPAGATION, MS_UNBINDABLE},
	{"tmpcopyup", COPY_UP, 0},
	{"copy-symlink", COPY_SYMLINK, 0},
	{"src-nofollow", SOURCE_NOFOLLOW, 0},
	{"dest-nofollow", TARGET_NOFOLLOW, 0},
	{"idmap", IDMAP, 0},
	{"ridmap", RIDMAP, 0},
};

/* Later options win. The atime setting is one field of several bits: setting it means clearing the field first. */
static void attr_apply(uint64_t *set, uint64_t *clear, uint64_t flags, bool on)
{
	const uint64_t atime = MOUNT_ATTR_NOATIME | MOUNT_ATTR_STRICTATIME;
	bool atime_option = flags == MOUNT_ATTR_RELATIME || (flags & atime);
	if (atime_option) {
		*set &= ~(uint64_t)MOUNT_ATTR__ATIME;
		*clear |= MOUNT_ATTR__ATIME;
		if (on)
			*set |= flags;
	} else if (on) {
		*set |= flags;
		*clear &= ~flags;
	} else {
		*set &= ~flags;
		*clear |= flags;
	}
}

static const struct mount_option *find_option(const char *name)
{
	for (size_t i = 0; i < sizeof mount_options / sizeof *mount_options; i++)
		if (strcmp(mount_options[i].name, name) == 0)
			return &mount_options[i];
	return NULL;
}

static void apply_option(struct mount_spec *mount, const struct mount_option *option)
{
	switch (option->kind) {
	case SET:
	case CLEAR:
		attr_apply(&mount->attr_set, &mount->attr_clear, option->flags, option->kind == SET);
		break;
	case REC_SET:
	case REC_CLEAR:
		attr_apply(&mount->rec_attr_set, &mount->rec_attr_clear, option->flags, option->kind == REC_SET);
		break;
	case PROPAGATION:
	case REC_PROPAGATION:
		mount->propagation = option->flags;
		mount->propagation_recursive = option->kind == REC_PROPAGATION;
		break;
	case RBIND:
		mount->recursive = true;
		mount->bind = true;
		break;
	case BIND:
		mount->bind = true;
		break;
	case REMOUNT:
		mount->remount = true;
		break;
	case COPY_UP:
		mount->copy_up = true;
		break;
	case COPY_SYMLINK:
		mount->copy_symlink = true;
		break;
	case SOURCE_NOFOLLOW:
		mount->source_nofollow = true;
		break;
	case TARGET_NOFOLLOW:
		mount->target_nofollow = true;
		break;
	case RIDMAP:
		mount->idmap_recursive = true;
		mount->idmap = true;
		break;
	case IDMAP:
		mount->idmap = true;
		break;
	case NOFAIL:
		mount->optional = true;
		break;
	case DATA:
	case IGNORE:
		break;
	}
}

/* IDS-HOST-SIZE, several with `#` between them, up to `end`. */
static bool read_triples(const char *text, const char *end, struct id_mappings *mappings)
{
	size_t count = 1;
	for (const char *p = text; p < end; p++)
		count += *p == '#';
	free(mappings->items);
	*mappings = (struct id_mappings){.items = calloc(count, sizeof *mappings->items)};
	for (const char *p = text; mappings->items; p++) {
		struct id_mapping *one = &mappings->items[mappings->count++];
		int length = 0;
		if (sscanf(p, "%9u-%9u-%9u%n", &one->container_id, &one->host_id, &one->size, &length) != 3 || one->size == 0)
			return false;
		p += length;
		if (p == end)
			return true;
		if (p > end || *p != '#')
			return false;
	}
	return false;
}

/* `idmap=uids=0-1000-1;gids=0-1000-1`, what mounts[].uidMappings and gidMappings say as well. 1: it is one, 0: it is none. */
static int read_mapping_option(struct mount_spec *mount, const char *option, size_t i, struct error *err)
{
	const char *equals = strchr(option, '=');
	bool recursive = strncmp(option, "ridmap=", 7) == 0;
	if (!recursive && strncmp(option, "idmap=", 6) != 0)
		return 0;
	mount->idmap = true;
	mount->idmap_recursive = recursive;
	for (const char *part = equals + 1;; part++) {
		const char *end = part + strcspn(part, ";");
		bool uids = strncmp(part, "uids=", 5) == 0;
		if ((!uids && strncmp(part, "gids=", 5) != 0) ||
		    !read_triples(part + 5, end, uids ? &mount->uids : &mount->gids))
			return error_set(err, "bad-config", "mounts[%zu]: `%s` is not of the form "
							    "idmap=uids=N-N-N;gids=N-N-N", i, option);
		part = end;
		if (!*part)
			return 1;
	}
}

static int check_mount(struct mount_spec *mount, size_t i, struct error *err)
{
	if (!mount->destination || !*mount->destination)
		return error_set(err, "bad-config", "mounts[%zu]: has no destination", i);
	if (mount->type && strcmp(mount->type, "bind") == 0 && !mount->bind)
		mount->bind = mount->recursive = true;
	if (!mount->uids.count != !mount->gids.count)
		return error_set(err, "bad-config", "mounts[%zu]: %s: needs uidMappings and gidMappings, or neither", i,
				 mount->destination);
	if (mount->uids.count)
		mount->idmap = true;
	if (mount->idmap && !mount->bind)
		return error_set(err, "bad-config", "mounts[%zu]: %s: only bind mounts can have id mappings", i,
				 mount->destination);
	if (mount->bind && !mount->remount && (!mount->source || !*mount->source))
		return error_set(err, "bad-config", "mounts[%zu]: %s: a bind mount needs a source", i,
				 mount->destination);
	if (!mount->bind && !mount->remount && (!mount->type || !*mount->type))
		return error_set(err, "bad-config", "mounts[%zu]: %s: has no type", i, mount->destination);
	if (mount->copy_up && (!mount->type || strcmp(mount->type, "tmpfs") != 0))
		return error_set(err, "bad-config", "mounts[%zu]: %s: tmpcopyup is for tmpfs only", i,
				 mount->destination);
	return 0;
}

static int read_mount(json_t *json, struct mount_spec *mount, size_t i, struct error *err)
{
	const char *where = "mounts";
	auto_free char **options = NULL;
	mount->source_fd = mount->mapped_fd = mount->seal_fd = -1;
	if (json_read_string(json, where, "destination", &mount->destination, err) < 0 ||
	    json_read_string(json, where, "type", &mount->type, err) < 0 ||
	    json_read_string(json, where, "source", &mount->source, err) < 0 ||
	    spec_read_mappings(json, where, "uidMappings", &mount->uids, err) < 0 ||
	    spec_read_mappings(json, where, "gidMappings", &mount->gids, err) < 0 ||
	    json_read_strings(json, where, "options", &options, err) < 0)
		return -1;
	size_t count = 0, data = 0;
	while (options[count])
		count++;
	mount->data = calloc(count + 1, sizeof *mount->data);
	if (!mount->data)
		return error_errno(err, "runtime-failed", "read mounts[%zu]", i);
	for (char **name = options; *name; name++) {
		const struct mount_option *option = find_option(*name);
		int mapped = option ? 0 : read_mapping_option(mount, *name, i, err);
		if (mapped < 0)
			return -1;
		if (option)
			apply_option(mount, option);
		if (mapped == 0 && (!option || option->kind == DATA))
			mount->data[data++] = *name;
	}
	return check_mount(mount, i, err);
}

int spec_read_mounts(struct spec *spec, struct error *err)
{
	json_t *array = NULL, *item;
	size_t i;
	if (json_read_array(spec->json, "config.json", "mounts", &array, err) < 0)
		return -1;
	spec->mounts = calloc(json_array_size(array) + 1, sizeof *spec->mounts);
	if (!spec->mounts)
		return error_errno(err, "runtime-failed", "read mounts");
	json_array_foreach(array, i, item)
	{
		if (!json_is_object(item))
			return error_set(err, "bad-config", "mounts[%zu]: not an object", i);
		spec->mount_count++;
		if (read_mount(item, &spec->mounts[i], i, err) < 0)
			return -1;
	}
	return 0;
}

int spec_read_devices(json_t *linux_json, struct spec *spec, struct error *err)
{
	const char *where = "linux.devices";
	json_t *array = NULL, *item;
	size_t i;
	if (json_read_array(linux_json, "linux", "devices", &array, err) < 0)
		return -1;
	spec->devices = calloc(json_array_size(array) + 1, sizeof *spec->devices);
	if (!spec->devices)
		return error_errno(err, "runtime-failed", "read linux.devices");
	json_array_foreach(array, i, item)
	{
		struct device_spec *device = &spec->devices[i];
		const char *type = "";
		int64_t major = 0, minor = 0, mode = 0666, uid = 0, gid = 0;
		bool has_major, has_minor;
		if (json_read_string(item, where, "path", &device->path, err) < 0 ||
		    json_read_string(item, where, "type", &type, err) < 0 ||
		    json_read_int(item, where, "major", 0, UINT32_MAX, &major, &has_major, err) < 0 ||
		    json_read_int(item, where, "minor", 0, UINT32_MAX, &minor, &has_minor, err) < 0 ||
		    json_read_int(item, where, "fileMode", 0, 0177777, &mode, NULL, err) < 0 ||
		    json_read_int(item, where, "uid", 0, UINT32_MAX - 1, &uid, NULL, err) < 0 ||
		    json_read_int(item, where, "gid", 0, UINT32_MAX - 1, &gid, NULL, err) < 0)
			return -1;
		if (!device->path || device->path[0] != '/' || !*type || !strchr("bcup", *type) || type[1])
			return error_set(err, "bad-config", "linux.devices[%zu]: needs an absolute path and a type "
							    "of b, c, u or p", i);
		if (*type != 'p' && (!has_major || !has_minor))
			return error_set(err, "bad-config", "linux.devices[%zu]: %s needs major and minor", i, device->path);
		device->type = *type == 'u' ? 'c' : *type;
		device->major = (unsigned)major;
		device->minor = (unsigned)minor;
		device->mode = (mode_t)mode & 07777;
		device->uid = (uid_t)uid;
		device->gid = (gid_t)gid;
		spec->device_count++;
	}
	return 0;
}

const char *spec_mount_option(size_t i)
{
	return i < sizeof mount_options / sizeof *mount_options ? mount_options[i].name : NULL;
}
