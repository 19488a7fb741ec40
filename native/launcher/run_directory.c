#include "run_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"

#define HOLDER_FORMAT "{\"pid\":%d,\"startTime\":%llu,\"bootId\":\"%s\"}\n"
#define HOLDER_PATTERN "{\"pid\":%d,\"startTime\":%llu,\"bootId\":\"%36[0-9a-f-]\"}"
#define CANDIDATES_MAX 3

int run_directory_holder(const struct run_directory *run, pid_t *pid)
{
	auto_free char *text = read_file_at(run->fd, "holder", 512, NULL);
	struct process_identity identity;
	if (!text || sscanf(text, HOLDER_PATTERN, &identity.pid, &identity.start_time, identity.boot_id) != 3)
		return -1;
	*pid = identity.pid;
	return process_open(&identity);
}

/* Written in place: who reads half a record takes it for none, and looks again under the lock that the writer holds. */
int run_directory_register(const struct run_directory *run, const struct process_identity *holder, struct error *err)
{
	char text[256];
	int length = snprintf(text, sizeof text, HOLDER_FORMAT, (int)holder->pid, holder->start_time, holder->boot_id);
	auto_close int fd = openat(run->fd, "holder", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || write_full(fd, text, (size_t)length) < 0)
		return error_errno(err, "internal", "write %s/holder", run->path);
	return 0;
}

/* A directory of ours alone: whoever could write there could put his own process in the holder's place. */
static int open_candidate(struct run_directory *run, const char *path, uid_t uid, struct error *err)
{
	if (strlen(path) >= sizeof run->path)
		return error_set(err, "internal", "the path of the run directory %s is too long", path);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return error_errno(err, "internal", "make the run directory %s", path);
	auto_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(err, "internal", "open the run directory %s", path);
	if (st.st_uid != uid || (st.st_mode & 0077) != 0)
		return error_set(err, "internal",
				 "the run directory %s is not private (owner %u, mode %03o): remove it, or set "
				 "XDG_RUNTIME_DIR to a directory of your own",
				 path, (unsigned)st.st_uid, (unsigned)st.st_mode & 0777);
	snprintf(run->path, sizeof run->path, "%s", path);
	run->fd = steal_fd(&fd);
	return 0;
}

static bool owned_directory(const char *path, uid_t uid)
{
	struct stat st;
	return path && path[0] == '/' && stat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == uid;
}

/* One path: exactly that one. More: any of them. */
static size_t candidates(char paths[CANDIDATES_MAX][PATH_MAX], uid_t uid, bool real_root)
{
	const char *given = getenv("CORACLE_RUN");
	if (given && given[0] == '/') {
		snprintf(paths[0], PATH_MAX, "%s", given);
		return 1;
	}
	if (real_root) {
		snprintf(paths[0], PATH_MAX, "/run/coracle");
		return 1;
	}
	char usual[64];
	snprintf(usual, sizeof usual, "/run/user/%u", (unsigned)uid);
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	if (owned_directory(xdg, uid) && strcmp(xdg, usual) != 0) {
		snprintf(paths[0], PATH_MAX, "%s/coracle", xdg);
		return 1;
	}
	size_t n = 0;
	if (owned_directory(usual, uid))
		snprintf(paths[n++], PATH_MAX, "%s/coracle", usual);
	snprintf(paths[n++], PATH_MAX, "/tmp/coracle-%u", (unsigned)uid);
	return n;
}

int run_directory_open(struct run_directory *run, uid_t uid, bool real_root, struct error *err)
{
	char paths[CANDIDATES_MAX][PATH_MAX];
	size_t n = candidates(paths, uid, real_root);
	for (size_t i = 0; n > 1 && i < n; i++) {
		struct error ignored;
		pid_t pid;
		if (access(paths[i], F_OK) < 0 || open_candidate(run, paths[i], uid, &ignored) < 0)
			continue;
		auto_close int holder = run_directory_holder(run, &pid);
		if (holder >= 0)
			return 0;
		close(run->fd);
	}
	for (size_t i = 0; i < n; i++)
		if (open_candidate(run, paths[i], uid, err) == 0)
			return 0;
	return -1;
}
