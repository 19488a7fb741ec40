#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"

static int read_boot_id(char boot_id[BOOT_ID_LENGTH + 1])
{
	auto_free char *text = read_file_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, NULL);
	if (!text || strlen(text) < BOOT_ID_LENGTH)
		return -1;
	memcpy(boot_id, text, BOOT_ID_LENGTH);
	boot_id[BOOT_ID_LENGTH] = '\0';
	return 0;
}

/* proc(5): field 22; the command in field 2 may hold anything, so count from its last ')'. A zombie counts as gone. */
static int read_start_time(pid_t pid, unsigned long long *start_time)
{
	char path[32];
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	auto_free char *text = read_file_at(AT_FDCWD, path, 4096, NULL);
	if (!text) {
		errno = ESRCH;
		return -1;
	}
	char *p = strrchr(text, ')');
	if (!p || p[1] != ' ') {
		errno = EPROTO;
		return -1;
	}
	p += 2;
	if (*p == 'Z' || *p == 'X') {
		errno = ESRCH;
		return -1;
	}
	for (int field = 3; field < 22; field++) {
		p = strchr(p, ' ');
		if (!p) {
			errno = EPROTO;
			return -1;
		}
		p++;
	}
	*start_time = strtoull(p, NULL, 10);
	return 0;
}

int process_identify(pid_t pid, struct process_identity *identity)
{
	identity->pid = pid;
	if (read_boot_id(identity->boot_id) < 0)
		return -1;
	return read_start_time(pid, &identity->start_time);
}

int process_open(const struct process_identity *identity)
{
	auto_close int fd = (int)syscall(SYS_pidfd_open, identity->pid, 0);
	if (fd < 0)
		return -1;
	struct process_identity now;
	if (process_identify(identity->pid, &now) < 0)
		return -1;
	if (now.start_time != identity->start_time || strcmp(now.boot_id, identity->boot_id) != 0) {
		errno = ESRCH;
		return -1;
	}
	return steal_fd(&fd);
}

bool process_alive(const struct process_identity *identity)
{
	auto_close int fd = process_open(identity);
	return fd >= 0;
}
