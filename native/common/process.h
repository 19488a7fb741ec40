/* Process identity: pid, start time and boot, so that a recycled pid is never taken for its predecessor. */
#ifndef CORACLE_PROCESS_H
#define CORACLE_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#define BOOT_ID_LENGTH 36

struct process_identity {
	pid_t pid;
	unsigned long long start_time;
	char boot_id[BOOT_ID_LENGTH + 1];
};

/* Fills in the identity of a live process. 0 or -1 with errno (ESRCH: gone). */
int process_identify(pid_t pid, struct process_identity *identity);
/* A pidfd for the process iff it is still the one described; -1 with errno ESRCH when it is gone. */
int process_open(const struct process_identity *identity);
bool process_alive(const struct process_identity *identity);

#endif
