#include "layer_entry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cleanup.h"
#include "path.h"
#include "report.h"

#define WHITEOUT_PREFIX ".wh."
#define WHITEOUT_META_PREFIX ".wh..wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* A deleted name of the layers below. What this layer itself has under the name stays, but covers them. */
static int make_whiteout(struct unpack *unpack, const char *path, struct error *err)
{
	const char *base;
	int parent = target_parent(&unpack->target, path, &base, err);
	if (parent < 0)
		return -1;
	const char *name = base + strlen(WHITEOUT_PREFIX);
	if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return error_set(err, "unsafe-path", "%s is a whiteout of no valid name", path);
	if (mknodat(parent, name, S_IFCHR, makedev(0, 0)) == 0)
		return 0;
	if (errno != EEXIST)
		return fail_errno(err, "make the whiteout %s", path);
	auto_close int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return 0;
	auto_free char *directory = NULL;
	if (asprintf(&directory, "%.*s%s", (int)(base - path), path, name) < 0)
		return fail_errno(err, "apply %s", path);
	return target_set_opaque(&unpack->target, fd, directory, err);
}

static int make_opaque(struct unpack *unpack, const char *path, struct error *err)
{
	const char *base;
	int parent = target_parent(&unpack->target, path, &base, err);
	return parent < 0 ? -1 : target_set_opaque(&unpack->target, parent, unpack->target.parent_path, err);
}

/* Names that AUFS keeps for itself (hard link directories and the like) mean nothing to others. */
static bool is_aufs_metadata(const char *path)
{
	for (const char *p = path; p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL) {
		size_t length = strcspn(p, "/");
		if (starts_with(p, WHITEOUT_META_PREFIX) &&
		    (p[length] == '/' || strcmp(p, WHITEOUT_OPAQUE) != 0))
			return true;
	}
	return false;
}

static bool is_below_whiteout(const char *path)
{
	for (const char *p = path; p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL) {
		if (starts_with(p, WHITEOUT_PREFIX) && strchr(p, '/'))
			return true;
	}
	return false;
}

int layer_unpack_entry(struct unpack *unpack, const struct unpack_data *data, const struct tar_entry *entry,
		       struct error *err)
{
	auto_free char *path = unpack_path(unpack, entry->path, err);
	if (!path)
		return -1;
	size_t parent_length;
	const char *base = path_base(path, &parent_length);
	if (is_aufs_metadata(path))
		return 0;
	if (strcmp(base, WHITEOUT_OPAQUE) == 0)
		return make_opaque(unpack, path, err);
	if (is_below_whiteout(path))
		return error_set(err, "unsafe-path", "%s lies below a whiteout", path);
	if (starts_with(base, WHITEOUT_PREFIX))
		return make_whiteout(unpack, path, err);
	return unpack_entry(unpack, data, entry, path, err);
}
