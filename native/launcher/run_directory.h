/* The user run directory, and the holder of the user's namespace registered in it. */
#ifndef CORACLE_RUN_DIRECTORY_H
#define CORACLE_RUN_DIRECTORY_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "error.h"
#include "process.h"

struct run_directory {
	char path[PATH_MAX];
	int fd;
};

/*
 * Opens the first run directory in which a live holder is registered, else the first that can be made. One that the
 * caller names, by CORACLE_RUN or by an XDG_RUNTIME_DIR of its own, has no alternatives: it stands apart from others.
 */
int run_directory_open(struct run_directory *run, uid_t uid, bool real_root, struct error *err);

/* The live holder registered in RUN/holder: its pidfd, or -1. */
int run_directory_holder(const struct run_directory *run, pid_t *pid);
int run_directory_register(const struct run_directory *run, const struct process_identity *holder, struct error *err);

#endif
