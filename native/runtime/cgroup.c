#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cgroup_devices.h"
#include "cleanup.h"
#include "file.h"
#include "timestamp.h"

#define FILE_MAX (1 << 20)

static bool is_cgroup2(const char *path)
{
	struct statfs fs;
	return statfs(path, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

static const char *find_mount(void)
{
	static const char *const places[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (is_cgroup2(places[i]))
			return places[i];
	return NULL;
}

static int write_at(int directory, const char *file, const char *value)
{
	auto_close int fd = openat(directory, file, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	return write(fd, value, strlen(value)) < 0 ? -1 : 0;
}

bool cgroup_has_word(const char *text, const char *word)
{
	size_t length = strlen(word);
	for (const char *p = text; (p = strstr(p, word)); p += length)
		if ((p == text || p[-1] == ' ') && strchr(" \n", p[length]))
			return true;
	return false;
}

const char *cgroup_value(const char *text, const char *key)
{
	size_t length = strlen(key);
	for (const char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL)
		if (strncmp(line, key, length) == 0 && line[length] == ' ')
			return line + length + 1;
	return NULL;
}

/* -1 when there is none. */
static long find_key(const char *text, const char *key)
{
	const char *value = cgroup_value(text, key);
	return value ? strtol(value, NULL, 10) : -1;
}

static long read_key(int directory, const char *file, const char *key)
{
	auto_free char *text = read_file_at(directory, file, 4096, NULL);
	return find_key(text, key);
}

/* Hands the controllers of a directory on to its children. What can't be had shows when a limit is set. */
static void enable_controllers(int directory)
{
	static const char *const wanted[] = {"cpu", "cpuset", "io", "memory", "pids", "hugetlb", "rdma", "misc"};
	auto_free char *available = read_file_at(directory, "cgroup.controllers", 4096, NULL);
	auto_free char *enabled = read_file_at(directory, "cgroup.subtree_control", 4096, NULL);
	for (size_t i = 0; available && enabled && i < sizeof wanted / sizeof *wanted; i++) {
		char word[16];
		if (!cgroup_has_word(available, wanted[i]) || cgroup_has_word(enabled, wanted[i]))
			continue;
		snprintf(word, sizeof word, "+%s", wanted[i]);
		(void)write_at(directory, "cgroup.subtree_control", word);
	}
}

/* Walks down from the mount, making what is missing. Components above what is delegated to us can't be changed. */
static int make_path(const char *mount, const char *path, struct error *err)
{
	auto_free char *copy = strdup(path);
	auto_close int directory = open(mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (!copy || directory < 0)
		return error_errno(err, "runtime-failed", "open %s", mount);
	char *rest = copy;
	for (char *name; (name = strsep(&rest, "/"));) {
		if (!*name)
			continue;
		if (strcmp(name, "..") == 0 || strcmp(name, ".") == 0)
			return error_set(err, "bad-config", "linux.cgroupsPath `%s`: may not hold `..`", path);
		enable_controllers(directory);
		if (mkdirat(directory, name, 0755) < 0 && errno != EEXIST)
			return error_errno(err, "runtime-failed", "make cgroup %s (at `%s`)", path, name);
		int next = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return error_errno(err, "runtime-failed", "open cgroup %s (at `%s`)", path, name);
		close(directory);
		directory = next;
	}
	return steal_fd(&directory);
}

int cgroup_make(const char *path, json_t *resources, char **directory, struct error *err)
{
	if (path[0] != '/' && strchr(path, ':'))
		return error_set(err, "bad-config", "linux.cgroupsPath `%s`: for a systemd scope use --systemd-cgroup", path);
	/* Deleting the container kills whatever is in its cgroup. */
	if (strspn(path, "/") == strlen(path))
		return error_set(err, "bad-config", "linux.cgroupsPath `%s`: is the root, which holds everybody", path);
	const char *mount = find_mount();
	if (!mount)
		return error_set(err, "runtime-failed",
				 "linux.cgroupsPath: no cgroup2 is mounted at /sys/fs/cgroup; mount it or run with "
				 "--cgroup-manager=disabled");
	auto_close int fd = make_path(mount, path, err);
	if (fd < 0)
		return -1;
	if (read_key(fd, "cgroup.events", "populated") == 1)
		return error_set(err, "runtime-failed",
				 "linux.cgroupsPath `%s`: has processes that are not this container's and would be killed with "
				 "it; name another", path);
	/* Nothing in it would ever run; `events` also knows of those above. */
	auto_free char *freeze = read_file_at(fd, "cgroup.freeze", 16, NULL);
	if ((freeze && freeze[0] == '1') || read_key(fd, "cgroup.events", "frozen") == 1)
		return error_set(err, "runtime-failed",
				 "linux.cgroupsPath `%s`: is frozen, or one above it; thaw it (cgroup.freeze) or name another",
				 path);
	if (asprintf(directory, "%s/%s", mount, path + strspn(path, "/")) < 0)
		return error_errno(err, "runtime-failed", "name cgroup %s", path);
	if (cgroup_limit(fd, resources, err) < 0) {
		struct error ignored;
		cgroup_remove(*directory, &ignored);
		return -1;
	}
	return steal_fd(&fd);
}

bool cgroup_writable(void)
{
	const char *mount = find_mount();
	return mount && access(mount, W_OK) == 0;
}

int cgroup_open(const char *directory)
{
	return open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

char *cgroup_path_of(pid_t pid)
{
	char file[64], *path;
	snprintf(file, sizeof file, "/proc/%d/cgroup", (int)pid);
	auto_free char *text = read_file_at(AT_FDCWD, file, FILE_MAX, NULL);
	char *line = text ? strstr(text, "0::/") : NULL;
	const char *mount = find_mount();
	if (!line || !mount || (line != text && line[-1] != '\n')) {
		errno = ENOENT;
		return NULL;
	}
	line[strcspn(line, "\n")] = '\0';
	return asprintf(&path, "%s%s", mount, line + 3) < 0 ? NULL : path;
}

bool cgroup_is_users(void)
{
	unsigned long first = 1, outside = 1, count = 0;
	auto_free char *map = read_file_at(AT_FDCWD, "/proc/self/uid_map", 4096, NULL);
	return geteuid() != 0 || !map || sscanf(map, "%lu %lu %lu", &first, &outside, &count) != 3 || outside != 0 ||
	       count != UINT32_MAX;
}

int cgroup_limit(int cgroup, json_t *resources, struct error *err)
{
	if (!resources)
		return 0;
	if (cgroup_set_resources(cgroup, resources, err) < 0)
		return -1;
	return cgroup_set_devices(cgroup, json_object_get(resources, "devices"), err);
}

bool cgroup_is_frozen(const char *directory)
{
	auto_close int fd = cgroup_open(directory);
	auto_free char *text = fd < 0 ? NULL : read_file_at(fd, "cgroup.freeze", 16, NULL);
	return text && text[0] == '1';
}

/* Waits until cgroup.events says so; the kernel reports its changes by POLLPRI. */
static int wait_for(int directory, const char *key, long value, int timeout_ms)
{
	auto_close int events = openat(directory, "cgroup.events", O_RDONLY | O_CLOEXEC);
	long long end = monotonic_ms() + timeout_ms;
	while (events >= 0) {
		char text[512];
		ssize_t n = pread(events, text, sizeof text - 1, 0);
		text[n < 0 ? 0 : n] = '\0';
		long now = find_key(text, key);
		if (now == value || now < 0)
			return 0;
		long long left = end - monotonic_ms();
		struct pollfd poll_events = {.fd = events, .events = POLLPRI};
		if (left <= 0 || (poll(&poll_events, 1, (int)left) < 0 && errno != EINTR)) {
			errno = ETIMEDOUT;
			return -1;
		}
	}
	return 0;
}

int cgroup_freeze(const char *directory, bool freeze, struct error *err)
{
	auto_close int fd = cgroup_open(directory);
	if (fd < 0 || write_at(fd, "cgroup.freeze", freeze ? "1" : "0") < 0)
		return error_errno(err, "runtime-failed", "write cgroup.freeze of %s", directory);
	if (wait_for(fd, "frozen", freeze, 10000) < 0)
		return error_errno(err, "runtime-failed", "wait for %s to %s", directory, freeze ? "freeze" : "thaw");
	return 0;
}

static int for_each_child(int directory, int (*visit)(int, const char *, void *), void *data)
{
	int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *entries = copy < 0 ? NULL : fdopendir(copy);
	if (!entries)
		return -1;
	for (struct dirent *entry; (entry = readdir(entries));)
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.' && visit(directory, entry->d_name, data) < 0)
			return -1;
	return 0;
}

static int collect(int parent, const char *name, void *pids)
{
	auto_close int directory = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_free char *text = directory < 0 ? NULL : read_file_at(directory, "cgroup.procs", FILE_MAX, NULL);
	for (char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL)
		/* 0 is how the kernel shows those outside of our pid namespace; to kill(2) it would mean ourselves. */
		if (*line != '0')
			json_array_append_new(pids, json_integer(strtol(line, NULL, 10)));
	return text ? for_each_child(directory, collect, pids) : 0;
}

int cgroup_processes(const char *directory, json_t *pids)
{
	return collect(AT_FDCWD, directory, pids);
}

int cgroup_signal(const char *directory, int signal, struct error *err)
{
	auto_close int fd = cgroup_open(directory);
	if (signal == SIGKILL && fd >= 0 && write_at(fd, "cgroup.kill", "1") == 0)
		return 0;
	json_t *pids = json_array(), *pid;
	size_t i;
	int rc = cgroup_processes(directory, pids);
	json_array_foreach(pids, i, pid)
	{
		if (kill((pid_t)json_integer_value(pid), signal) < 0 && errno != ESRCH)
			rc = -1;
	}
	json_decref(pids);
	return rc < 0 ? error_errno(err, "runtime-failed", "signal the processes of %s", directory) : 0;
}

static int remove_tree(int parent, const char *name, void *data)
{
	auto_close int directory = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (directory < 0)
		return errno == ENOENT ? 0 : -1;
	if (for_each_child(directory, remove_tree, data) < 0)
		return -1;
	return unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -1 : 0;
}

int cgroup_remove(const char *directory, struct error *err)
{
	/* The common case: init was the last one and has been reaped. */
	if (rmdir(directory) == 0 || errno == ENOENT)
		return 0;
	auto_close int fd = cgroup_open(directory);
	if (fd < 0)
		return errno == ENOENT ? 0 : error_errno(err, "runtime-failed", "open cgroup %s", directory);
	if (read_key(fd, "cgroup.events", "populated") == 1) {
		if (cgroup_signal(directory, SIGKILL, err) < 0)
			return -1;
		(void)write_at(fd, "cgroup.freeze", "0");
		if (wait_for(fd, "populated", 0, 10000) < 0)
			return error_errno(err, "runtime-failed", "wait for the processes of %s to end", directory);
	}
	if (remove_tree(AT_FDCWD, directory, NULL) < 0)
		return error_errno(err, "runtime-failed", "remove cgroup %s", directory);
	return 0;
}

long cgroup_oom_kills(const char *directory)
{
	auto_close int fd = cgroup_open(directory);
	long count = fd < 0 ? 0 : read_key(fd, "memory.events", "oom_kill");
	return count < 0 ? 0 : count;
}
