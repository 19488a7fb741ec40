/* The keys of monitor.json about file systems: `rootfs`, `overlays` and `workdir`. */
#include <stdlib.h>
#include <string.h>

#include "config.h"

/* A rootfs that is there already. */
static int parse_present(json_t *object, struct rootfs_config *rootfs, struct error *err)
{
	const char *file = "monitor.json: rootfs", *driver;
	json_error_t problem;
	if (json_unpack_ex(object, &problem, 0, "{s:s s?s !}", "driver", &driver, "target", &rootfs->target) < 0)
		return config_bad(err, file, problem.text);
	return rootfs->target && !config_is_absolute(rootfs->target) ? config_bad(err, file, "target must be absolute") : 0;
}

int config_parse_rootfs(json_t *object, struct rootfs_config *rootfs, struct error *err)
{
	const char *file = "monitor.json: rootfs", *driver = json_string_value(json_object_get(object, "driver"));
	if (driver && strcmp(driver, "none") == 0)
		return parse_present(object, rootfs, err);
	int read_only = 0; /* the runtime's business: the overlay itself stays writable for mount points */
	json_error_t problem;
	if (json_unpack_ex(object, &problem, 0, "{s:s s:o s?s s?s s:s s?o s?b s?s s?s s?s !}", "driver", &driver, "lower",
			   &rootfs->lower, "upper", &rootfs->upper, "work", &rootfs->work, "target", &rootfs->target,
			   "options", &rootfs->options, "readOnly", &read_only, "program", &rootfs->program, "uidMapping",
			   &rootfs->uid_mapping, "gidMapping", &rootfs->gid_mapping) < 0)
		return config_bad(err, file, problem.text);
	if (strcmp(driver, "overlay") == 0)
		rootfs->driver = ROOTFS_OVERLAY;
	else if (strcmp(driver, "fuse-overlayfs") == 0)
		rootfs->driver = ROOTFS_FUSE;
	else
		return config_bad(err, file, "driver is not one of overlay, fuse-overlayfs, none");
	if (!config_is_strings(rootfs->lower) || json_array_size(rootfs->lower) == 0 ||
	    (rootfs->options && !config_is_strings(rootfs->options)))
		return config_bad(err, file, "lower and options must be arrays of strings, lower not empty");
	if (!rootfs->upper != !rootfs->work)
		return config_bad(err, file, "upper and work come together");
	if (!config_is_absolute(rootfs->target) ||
	    (rootfs->upper && (!config_is_absolute(rootfs->upper) || !config_is_absolute(rootfs->work))))
		return config_bad(err, file, "paths must be absolute");
	if (rootfs->driver == ROOTFS_FUSE && !config_is_absolute(rootfs->program))
		return config_bad(err, file, "fuse-overlayfs needs the absolute path of its program");
	return 0;
}

/* What is at a path in a directory that others can change: links in it do not lead out of it. */
static int parse_subpath(json_t *object, struct rootfs_config *rootfs, struct error *err)
{
	const char *file = "monitor.json: overlays", *driver;
	json_error_t problem;
	if (json_unpack_ex(object, &problem, 0, "{s:s s:s s:s s:s !}", "driver", &driver, "source", &rootfs->source, "path",
			   &rootfs->path, "target", &rootfs->target) < 0)
		return config_bad(err, file, problem.text);
	if (!config_is_absolute(rootfs->source) || !config_is_absolute(rootfs->target))
		return config_bad(err, file, "source and target must be absolute");
	rootfs->driver = ROOTFS_SUBPATH;
	return 0;
}

/* What another container has mounted. */
static int parse_adopt(json_t *object, struct rootfs_config *rootfs, struct error *err)
{
	const char *file = "monitor.json: overlays", *driver;
	int pid;
	json_error_t problem;
	if (json_unpack_ex(object, &problem, 0, "{s:s s:i s:s s:s !}", "driver", &driver, "pid", &pid, "source",
			   &rootfs->source, "target", &rootfs->target) < 0)
		return config_bad(err, file, problem.text);
	if (pid <= 0 || !config_is_absolute(rootfs->source) || !config_is_absolute(rootfs->target))
		return config_bad(err, file, "pid must be positive, source and target absolute");
	rootfs->pid = pid;
	rootfs->driver = ROOTFS_ADOPT;
	return 0;
}

static int parse_filesystem(json_t *object, struct rootfs_config *rootfs, struct error *err)
{
	const char *file = "monitor.json: overlays", *driver;
	json_error_t problem;
	if (json_unpack_ex(object, &problem, 0, "{s:s s:s s:s s:o s:s !}", "driver", &driver, "type", &rootfs->type, "source",
			   &rootfs->source, "options", &rootfs->options, "target", &rootfs->target) < 0)
		return config_bad(err, file, problem.text);
	if (!config_is_strings(rootfs->options) || !config_is_absolute(rootfs->target))
		return config_bad(err, file, "options must be an array of strings, target absolute");
	rootfs->driver = ROOTFS_FILESYSTEM;
	return 0;
}

static int parse_overlay(json_t *object, struct rootfs_config *overlay, struct error *err)
{
	const char *driver = json_string_value(json_object_get(object, "driver"));
	if (driver && strcmp(driver, "subpath") == 0)
		return parse_subpath(object, overlay, err);
	if (driver && strcmp(driver, "adopt") == 0)
		return parse_adopt(object, overlay, err);
	if (driver && strcmp(driver, "filesystem") == 0)
		return parse_filesystem(object, overlay, err);
	if (config_parse_rootfs(object, overlay, err) < 0)
		return -1;
	if (overlay->driver != ROOTFS_OVERLAY)
		return config_bad(err, "monitor.json: overlays", "driver is not one of overlay, subpath, adopt, filesystem");
	return 0;
}

int config_parse_overlays(json_t *array, struct config *config, struct error *err)
{
	const char *file = "monitor.json: overlays";
	if (!array || json_is_null(array))
		return 0;
	if (!json_is_array(array))
		return config_bad(err, file, "it is not an array");
	config->overlays = calloc(json_array_size(array) + 1, sizeof *config->overlays);
	if (!config->overlays)
		return error_errno(err, "internal", "allocate");
	for (size_t i = 0; i < json_array_size(array); i++) {
		struct rootfs_config *overlay = &config->overlays[config->overlay_count++];
		if (parse_overlay(json_array_get(array, i), overlay, err) < 0)
			return -1;
	}
	return 0;
}

int config_parse_workdir(json_t *object, struct workdir_config *workdir, struct error *err)
{
	const char *file = "monitor.json: workdir";
	json_error_t problem;
	json_int_t uid, gid;
	int make;
	if (!object || json_is_null(object))
		return 0;
	if (json_unpack_ex(object, &problem, 0, "{s:s s:s s:b s:I s:I !}", "root", &workdir->root, "path", &workdir->path,
			   "make", &make, "uid", &uid, "gid", &gid) < 0)
		return config_bad(err, file, problem.text);
	if (!config_is_absolute(workdir->root) || !config_is_absolute(workdir->path) || uid < 0 || gid < 0)
		return config_bad(err, file, "root and path must be absolute, uid and gid not negative");
	workdir->make = make;
	workdir->uid = (uid_t)uid;
	workdir->gid = (gid_t)gid;
	return 0;
}
