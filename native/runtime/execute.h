/* From a process inside the container's namespaces to the user's program. */
#ifndef CORACLE_RUNTIME_EXECUTE_H
#define CORACLE_RUNTIME_EXECUTE_H

#include "seccomp.h"
#include "spec.h"

struct execution {
	const struct process_spec *process;
	const struct seccomp_program *seccomp;
	unsigned preserve_fds, listen_fds;
	int proc;                 /* the host's /proc; of one more process -1, unless AppArmor needs it */
	int notify;               /* connected socket for the seccomp listener, or -1 */
	const char *notify_state; /* JSON that goes with it */
	bool entered;             /* the working directory has been */
	bool keep_groups;         /* the additional groups stay those of the caller */
	bool no_groups;           /* the user namespace lets nobody set them */
	bool has_personality;
	unsigned long personality;
	json_t *memory_policy; /* or NULL */
	char *path; /* of the executable */
	char **env;
};

/* Whether the user namespace of that process denies setgroups(2) to all: one id mapped without privileges. */
bool execute_groups_denied(int proc, pid_t pid);
/* As root of the container: working directory, executable, HOME. Codes command-not-found and not-executable. */
int execute_prepare(struct execution *execution, struct error *err);
/* Limits, credentials, capabilities. */
int execute_credentials(struct execution *execution, struct error *err);
/* What the program will be bound by, for a hook (`execution`) that runs in its place. */
int execute_as_program(void *execution, struct error *err);
/* seccomp and exec. Returns only with an error. */
int execute_program(struct execution *execution, struct error *err);

#endif
