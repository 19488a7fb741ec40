/*
 * The kernel's OOM killer at work in the container's cgroup, seen as it happens: systemd removes the cgroup of a scope
 * with its last process, and another runtime is not asked.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "../runtime/cgroup.h"
#include "cleanup.h"
#include "supervisor.h"

static void look(struct monitor *m)
{
	char text[512];
	ssize_t n = pread(m->oom.fd, text, sizeof text - 1, 0);
	if (n < 0) {
		loop_close(&m->loop, &m->oom);
		return;
	}
	text[n] = '\0';
	const char *count = cgroup_value(text, "oom_kill");
	if (count && strtoul(count, NULL, 10) > 0)
		m->oom_seen = true;
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
	look(m); /* only what comes after a read is told */
}

void oom_end(struct monitor *m)
{
	if (m->oom.fd < 0)
		return;
	look(m);
	if (m->oom.fd >= 0)
		loop_close(&m->loop, &m->oom);
}
