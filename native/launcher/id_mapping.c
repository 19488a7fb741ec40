#include "id_mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "subordinate_ids.h"

/* newuidmap or newgidmap at work. Both run at once: each costs some milliseconds of fork, exec and NSS. */
struct helper {
	const char *program;
	const char *ranges_file;
	pid_t pid;
	int output;
};

#define ARGUMENTS_MAX (2 + 3 * (SUBORDINATE_RANGES_MAX + 1) + 1)
#define NUMBER_SIZE 24

static int spawn_with_output(struct helper *helper, char **argv)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return errno;
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
	int rc = posix_spawnp(&helper->pid, helper->program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (rc != 0)
		close(ends[0]);
	else
		helper->output = ends[0];
	return rc;
}

/* Returns 0 or the errno of the start: ENOENT when the program isn't installed. */
static int helper_start(struct helper *helper, pid_t target, unsigned id, const struct id_range *ranges, size_t n)
{
	char numbers[ARGUMENTS_MAX][NUMBER_SIZE];
	char *argv[ARGUMENTS_MAX];
	size_t argc = 0;
	unsigned long inside = 1;
#define ADD_NUMBER(value) \
	(snprintf(numbers[argc], NUMBER_SIZE, "%lu", (unsigned long)(value)), argv[argc] = numbers[argc], argc++)
	argv[argc++] = (char *)helper->program;
	ADD_NUMBER(target);
	ADD_NUMBER(0);
	ADD_NUMBER(id);
	ADD_NUMBER(1);
	for (size_t i = 0; i < n; i++) {
		ADD_NUMBER(inside);
		ADD_NUMBER(ranges[i].start);
		ADD_NUMBER(ranges[i].count);
		inside += ranges[i].count;
	}
#undef ADD_NUMBER
	argv[argc] = NULL;
	return spawn_with_output(helper, argv);
}

static int helper_finish(struct helper *helper, struct error *err)
{
	char output[512];
	ssize_t n = read_full(helper->output, output, sizeof output - 1);
	output[n > 0 ? n : 0] = '\0';
	output[strcspn(output, "\n")] = '\0';
	close(helper->output);
	int status;
	while (waitpid(helper->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	const char *remedy = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1
				     ? "no_new_privs is set for this process, which keeps %s from working: start it without "
				       "(NoNewPrivileges=no in a systemd unit); see also %s"
				     : "check that %s is setuid root, and that the ranges in %s are granted to you and overlap "
				       "with nothing";
	char text[256];
	snprintf(text, sizeof text, remedy, helper->program, helper->ranges_file);
	/* Its messages begin with its name. */
	return error_set(err, "internal", "map subordinate ids: %s; %s",
			 output[0] ? output : "newuidmap or newgidmap failed without a message", text);
}

static int write_proc(pid_t target, const char *file, const char *text, struct error *err)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", (int)target, file);
	auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return error_errno(err, "internal", "write %s", path);
	return 0;
}

static int map_single(pid_t target, uid_t uid, gid_t gid, struct error *err)
{
	char uid_map[64], gid_map[64];
	snprintf(uid_map, sizeof uid_map, "0 %u 1\n", (unsigned)uid);
	snprintf(gid_map, sizeof gid_map, "0 %u 1\n", (unsigned)gid);
	if (write_proc(target, "setgroups", "deny", err) < 0 || write_proc(target, "uid_map", uid_map, err) < 0)
		return -1;
	return write_proc(target, "gid_map", gid_map, err);
}

int id_mapping_write(pid_t target, uid_t uid, gid_t gid, struct error *err)
{
	struct id_range uids[SUBORDINATE_RANGES_MAX], gids[SUBORDINATE_RANGES_MAX];
	size_t uid_ranges = subordinate_ranges("/etc/subuid", uid, uids);
	size_t gid_ranges = subordinate_ranges("/etc/subgid", uid, gids);
	if (uid_ranges == 0 || gid_ranges == 0)
		return map_single(target, uid, gid, err);

	struct helper newuidmap = {.program = "newuidmap", .ranges_file = "/etc/subuid"};
	struct helper newgidmap = {.program = "newgidmap", .ranges_file = "/etc/subgid"};
	int rc = helper_start(&newuidmap, target, uid, uids, uid_ranges);
	if (rc == ENOENT)
		return map_single(target, uid, gid, err);
	if (rc != 0) {
		errno = rc;
		return error_errno(err, "internal", "start newuidmap");
	}
	rc = helper_start(&newgidmap, target, gid, gids, gid_ranges);
	int result = helper_finish(&newuidmap, err);
	if (rc != 0) {
		errno = rc;
		return error_errno(err, "internal", "start newgidmap");
	}
	struct error second;
	if (helper_finish(&newgidmap, result == 0 ? err : &second) < 0)
		return -1;
	return result;
}
