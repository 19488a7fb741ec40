/*
 * The kernel's OOM killer at work in the container's cgroup, seen as it happens: systemd removes the cgroup of a scope
 * with its last process, and another runtime is not asked. Where systemd was faster, the cgroup above tells: its counts
 * include those of the ones that were below it. Its other children can't mislead us but between the last that our own
 * cgroup told and its end, and then only about a container that was killed.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../runtime/cgroup.h"
#include "cleanup.h"
#include "supervisor.h"

#define GONE (-1)

static long kills(int fd)
{
	char text[512];
	ssize_t n = pread(fd, text, sizeof text - 1, 0);
	if (n < 0)
		return GONE;
	text[n] = '\0';
	const char *count = cgroup_value(text, "oom_kill");
	return count ? strtol(count, NULL, 10) : 0;
}

static void look(struct monitor *m)
{
	long count = kills(m->oom.fd);
	if (count == GONE) {
		loop_close(&m->loop, &m->oom);
		return;
	}
	m->oom_seen = count > 0;
	m->oom_above_before = kills(m->oom_above);
}

static void changed(struct source *source, uint32_t events)
{
	(void)events;
	look(source->owner);
}

void oom_watch(struct monitor *m)
{
	auto_free char *directory = m->config->exec ? NULL : cgroup_path_of(m->init);
	auto_close int cgroup = directory ? cgroup_open(directory) : -1;
	auto_close int fd = cgroup < 0 ? -1 : openat(cgroup, "memory.events", O_RDONLY | O_CLOEXEC);
	m->oom.owner = m;
	m->oom.ready = changed;
	if (fd < 0 || loop_add(&m->loop, &m->oom, fd, EPOLLPRI) < 0)
		return;
	(void)steal_fd(&fd);
	m->oom_above = openat(cgroup, "../memory.events", O_RDONLY | O_CLOEXEC);
	look(m); /* only what comes after a read is told */
}

void oom_end(struct monitor *m)
{
	if (m->oom.fd >= 0)
		look(m);
	if (m->oom.fd >= 0)
		loop_close(&m->loop, &m->oom);
	else if (m->oom_above >= 0 && WIFSIGNALED(m->init_status) && WTERMSIG(m->init_status) == SIGKILL)
		m->oom_seen |= kills(m->oom_above) > m->oom_above_before;
	if (m->oom_above >= 0)
		close(steal_fd(&m->oom_above));
}
