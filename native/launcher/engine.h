/* The program that the launcher becomes. */
#ifndef CORACLE_ENGINE_H
#define CORACLE_ENGINE_H

#include <stdbool.h>
#include <sys/types.h>

#include "error.h"

struct engine_environment {
	const char *ns; /* CORACLE_NS */
	const char *run;
	const char *name; /* that we are called by */
	uid_t uid;
	gid_t gid;
	int alive; /* or -1 */
	int outside; /* or -1 */
	bool compile; /* the command runs long enough */
};

/* Returns only when it fails. */
int engine_exec(const struct engine_environment *environment, char **argv, struct error *err);

#endif
