/* The user namespace that all commands of a user share: sibling namespaces could not reach each other's containers. */
#ifndef CORACLE_USER_NAMESPACE_H
#define CORACLE_USER_NAMESPACE_H

#include <dirent.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "error.h"
#include "run_directory.h"

struct caller {
	uid_t uid;
	gid_t gid;
	int argc;
	char **argv;
};

/* Joins the namespace registered in the run directory, or makes it. `alive` receives the shared lock that keeps it. */
int user_namespace_enter(const struct caller *caller, const struct run_directory *run, int *alive, struct error *err);

/* When the caller is in the registered namespace already: takes the lock and returns true. */
bool user_namespace_rejoin(const struct run_directory *run, int *alive);

/* Whether more than one id is mapped in the caller's own namespace, and who its root is outside. */
bool user_namespace_mapping(const char *map, unsigned *outside);

/* Whether the process is in the namespace of `ns` (a stat of /proc/PID/ns/user) or in a descendant of it. */
bool user_namespace_contains(const struct stat *ns, pid_t pid);

/* The next process in an open /proc, or 0; 0 as well for a NULL directory. */
pid_t next_process(DIR *proc);

#endif
