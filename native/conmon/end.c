#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "conmon.h"
#include "monitor/child.h"

void conmon_watch_oom(struct conmon *c)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/cgroup", (int)c->init);
	auto_free char *text = read_file_at(AT_FDCWD, path, 65536, NULL);
	char *unified = text ? strstr(text, "0::/") : NULL;
	auto_free char *events = NULL;
	if (!unified)
		return;
	unified[strcspn(unified, "\n")] = '\0';
	if (asprintf(&events, "/sys/fs/cgroup%s/memory.events", unified + 3) < 0)
		events = NULL;
	if (events)
		c->oom_events = open(events, O_RDONLY | O_CLOEXEC);
}

void conmon_shield(bool on)
{
	static char before[16];
	auto_close int fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	if (on && !before[0] && read(fd, before, sizeof before - 1) <= 0)
		return;
	/* Only root may. */
	const char *score = on ? "-1000" : before;
	if (pwrite(fd, score, strlen(score), 0) < 0)
		return;
}

static bool oom_killed(const struct conmon *c)
{
	char text[512];
	ssize_t n = c->oom_events < 0 ? -1 : pread(c->oom_events, text, sizeof text - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	const char *line = strstr(text, "oom_kill ");
	return line && strtoul(line + sizeof "oom_kill " - 1, NULL, 10) > 0;
}

int conmon_exit_code(const struct conmon *c)
{
	if (c->timed_out)
		return -1;
	return WIFSIGNALED(c->init_status) ? 128 + WTERMSIG(c->init_status) : WEXITSTATUS(c->init_status);
}

static int write_to(const char *directory, const char *name, const char *text, struct error *err)
{
	auto_close int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || write_file_atomic_at(fd, name, text, strlen(text), 0600, 0) < 0)
		return error_errno(err, "internal", "write %s/%s", directory, name);
	return 0;
}

int conmon_write_exit(struct conmon *c, struct error *err)
{
	char code[16];
	snprintf(code, sizeof code, "%d", conmon_exit_code(c));
	if (oom_killed(c)) {
		if (write_to(c->options.bundle, "oom", "", err) < 0 ||
		    (c->options.persist_dir && write_to(c->options.persist_dir, "oom", "", err) < 0))
			return -1;
	}
	if (c->options.persist_dir && write_to(c->options.persist_dir, "exit", code, err) < 0)
		return -1;
	return c->options.exit_dir ? write_to(c->options.exit_dir, c->options.id, code, err) : 0;
}

void conmon_run_exit_command(struct conmon *c)
{
	if (!c->options.exit_command)
		return;
	if (c->options.exit_delay > 0)
		sleep(c->options.exit_delay);
	auto_free const char **argv = config_argv(c->options.exit_command, c->options.exit_args, 0);
	conmon_shield(false);
	pid_t pid = argv ? child_exec(argv, (int[]){-1, -1, -1}, 0) : -1;
	if (pid > 0)
		child_wait(pid);
}
