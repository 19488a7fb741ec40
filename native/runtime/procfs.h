/* Reads and writes below a trusted /proc: no links, no mounts on top, and certainly procfs. */
#ifndef CORACLE_RUNTIME_PROCFS_H
#define CORACLE_RUNTIME_PROCFS_H

#include <sys/types.h>

/* Opens `path` below the procfs `proc`. -1 with errno (EXDEV: something is mounted there, EPROTO: not procfs). */
int procfs_open(int proc, const char *path, int flags);
/* Our pid as that procfs counts it, -1 with errno. */
pid_t procfs_self(int proc);

#endif
