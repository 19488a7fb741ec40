/* Child processes: their descriptors, their end, and the capture of what a program says on stderr. */
#ifndef CORACLE_MONITOR_CHILD_H
#define CORACLE_MONITOR_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "error.h"

/* Makes fd the descriptor `target`, without close-on-exec. */
void child_place_fd(int fd, int target);
/* A pipe to a process (we write) or from one, our end non-blocking. 0 or -1 with errno. */
int child_pipe(int *ours, int *theirs, bool we_write);
/* Runs a program in a child of ours, with these descriptors as 0, 1, 2 (-1: /dev/null). Returns its pid or -1. */
pid_t child_exec(const char *const *argv, const int stdio[3], unsigned preserve_fds);
/* Waits for it: 0 iff it exited with 0. */
int child_wait(pid_t pid);
/* What can be read from fd now or until its end, trimmed, as text. */
void child_read_text(int fd, char *text, size_t size);

#endif
