#include "idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "launcher/subordinate_ids.h"
#include "mount.h"

uint32_t idmap_host_id(const struct id_mappings *mappings, uint32_t id)
{
	for (size_t i = 0; i < mappings->count; i++)
		if (id >= mappings->items[i].container_id && id - mappings->items[i].container_id < mappings->items[i].size)
			return mappings->items[i].host_id + (id - mappings->items[i].container_id);
	return (uint32_t)-1;
}

static char *format(const struct id_mappings *mappings)
{
	char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);
	if (!stream)
		return NULL;
	for (size_t i = 0; i < mappings->count; i++)
		fprintf(stream, "%u %u %u\n", mappings->items[i].container_id, mappings->items[i].host_id,
			mappings->items[i].size);
	fclose(stream);
	return text;
}

static int write_proc(pid_t pid, const char *file, const char *text)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
	auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	return write(fd, text, strlen(text)) < 0 ? -1 : 0;
}

/* newuidmap(1) and newgidmap(1) check the ranges against /etc/subuid and /etc/subgid; we never do it ourselves. */
static int run_helper(const char *program, pid_t pid, const struct id_mappings *mappings, struct error *err)
{
	size_t count = 2 + 3 * mappings->count;
	auto_free char **argv = calloc(count + 1, sizeof *argv);
	auto_free char *numbers = calloc(count, 12);
	if (!argv || !numbers)
		return error_errno(err, "runtime-failed", "run %s", program);
	for (size_t i = 0; i < count; i++)
		argv[i] = numbers + 12 * i;
	argv[0] = (char *)program;
	snprintf(argv[1], 12, "%d", (int)pid);
	for (size_t i = 0; i < mappings->count; i++) {
		snprintf(argv[2 + 3 * i], 12, "%u", mappings->items[i].container_id);
		snprintf(argv[3 + 3 * i], 12, "%u", mappings->items[i].host_id);
		snprintf(argv[4 + 3 * i], 12, "%u", mappings->items[i].size);
	}
	pid_t child = fork();
	if (child == 0) {
		execvp(program, argv);
		_exit(127);
	}
	int status = 0;
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return error_errno(err, "runtime-failed", "run %s", program);
	if (status != 0)
		return error_set(err, "runtime-failed",
				 "%s refused the id mapping (status %d): it must lie in the user's ranges in /etc/subuid "
				 "and /etc/subgid, and the package uidmap must be installed",
				 program, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}

static int write_map(pid_t pid, const char *file, const char *helper, const struct id_mappings *mappings,
		     struct error *err)
{
	auto_free char *text = format(mappings);
	if (!text)
		return error_errno(err, "runtime-failed", "format the id mapping");
	if (write_proc(pid, file, text) == 0)
		return 0;
	if (errno != EPERM || geteuid() == 0)
		return error_errno(err, "runtime-failed", "write the id mapping to %s", file);
	return run_helper(helper, pid, mappings, err);
}

int idmap_write(pid_t pid, const struct id_mappings *uids, const struct id_mappings *gids, struct error *err)
{
	/* Without privileges only one's own group may be mapped directly, and only once setgroups is out of reach. */
	bool own_group = geteuid() != 0 && gids->count == 1 && gids->items[0].size == 1 &&
			 gids->items[0].host_id == getegid();
	if (own_group && write_proc(pid, "setgroups", "deny") < 0)
		return error_errno(err, "runtime-failed", "deny setgroups");
	if (write_map(pid, "gid_map", "newgidmap", gids, err) < 0)
		return -1;
	return write_map(pid, "uid_map", "newuidmap", uids, err);
}

static int default_mappings(const char *file, uint32_t own, struct id_mappings *mappings)
{
	struct id_range ranges[SUBORDINATE_RANGES_MAX];
	size_t count = subordinate_ranges(file, geteuid(), ranges);
	mappings->items = calloc(count + 1, sizeof *mappings->items);
	if (!mappings->items)
		return -1;
	mappings->items[mappings->count++] = (struct id_mapping){0, own, 1};
	for (size_t i = 0, next = 1; i < count; next += ranges[i++].count)
		mappings->items[mappings->count++] =
			(struct id_mapping){(uint32_t)next, (uint32_t)ranges[i].start, (uint32_t)ranges[i].count};
	return 0;
}

int idmap_add_default(struct spec *spec, struct error *err)
{
	if (default_mappings("/etc/subuid", geteuid(), &spec->uids) < 0 ||
	    default_mappings("/etc/subgid", getegid(), &spec->gids) < 0)
		return error_errno(err, "runtime-failed", "read the subordinate ids");
	spec->namespaces[NS_USER].use = NS_NEW;
	return 0;
}

/* A user namespace that exists only as the descriptor of its mapping. */
static int open_mapping(const struct id_mappings *uids, const struct id_mappings *gids, struct error *err)
{
	struct clone_args args = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		for (;;)
			pause();
	}
	if (pid < 0)
		return error_errno(err, "runtime-failed", "make a user namespace");
	int fd = -1;
	if (idmap_write(pid, uids, gids, err) == 0) {
		char path[64];
		snprintf(path, sizeof path, "/proc/%d/ns/user", (int)pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			error_errno(err, "runtime-failed", "open %s", path);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return fd;
}

static int bind_source(const struct container *container, struct mount_spec *mount, struct error *err)
{
	int nofollow = mount->source_nofollow ? O_NOFOLLOW : 0;
	auto_close int source = openat(container->bundle, mount->source, O_PATH | O_CLOEXEC | nofollow);
	mount->mapped_fd = source < 0 ? -1 : mount_clone(source, mount->recursive);
	return mount->mapped_fd < 0 ? error_errno(err, "runtime-failed", "bind %s", mount->source) : 0;
}

static int make_mount(const struct container *container, struct mount_spec *mount, struct error *err)
{
	const struct id_mappings *uids = mount->uids.count ? &mount->uids : &container->spec.uids;
	const struct id_mappings *gids = mount->gids.count ? &mount->gids : &container->spec.gids;
	/* What isn't given is that of the container's namespace, also of one that is joined. */
	const struct namespace_spec *user = &container->spec.namespaces[NS_USER];
	bool joined = !uids->count && !gids->count && user->use == NS_JOIN;
	if (!joined && (!uids->count || !gids->count))
		return error_set(err, "bad-config", "mount %s: idmap needs uidMappings and gidMappings",
				 mount->destination);
	if (bind_source(container, mount, err) < 0)
		return -1;
	auto_close int mapping =
		joined ? open(user->path, O_RDONLY | O_CLOEXEC) : open_mapping(uids, gids, err);
	if (mapping < 0 && joined)
		return error_errno(err, "runtime-failed", "open the user namespace %s", user->path);
	if (mapping < 0)
		return error_prefix(err, "mount %s", mount->destination);
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)mapping};
	int flags = AT_EMPTY_PATH | (mount->idmap_recursive ? AT_RECURSIVE : 0);
	if (mount_setattr(mount->mapped_fd, "", flags, &attr, sizeof attr) < 0)
		return error_errno(err, "runtime-failed",
				   "map the ids of mount %s (only root of the user namespace that a file system belongs "
				   "to can, and not every file system knows how)", mount->destination);
	return 0;
}

int idmap_mounts(struct container *container, struct error *err)
{
	for (size_t i = 0; i < container->spec.mount_count; i++)
		if (container->spec.mounts[i].idmap && make_mount(container, &container->spec.mounts[i], err) < 0)
			return -1;
	return 0;
}
