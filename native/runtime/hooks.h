/* Hooks of config.json: programs that get the state on stdin. */
#ifndef CORACLE_RUNTIME_HOOKS_H
#define CORACLE_RUNTIME_HOOKS_H

#include <jansson.h>
#include <stdbool.h>

#include "state.h"

/* How the hooks of startContainer run, which are programs of the image. */
struct hook_place {
	int (*enter)(void *data, struct error *err); /* in the hook's process */
	void *data;
	char **env; /* of hooks that have none of their own */
};

/* Before anything is done: those that are run last would only be warned of. */
int hooks_check(json_t *hooks, struct error *err);
bool hooks_any(json_t *hooks, const char *phase);
/* Runs the hooks of one phase in order; the first that fails ends it with an error. */
int hooks_run(json_t *hooks, const char *phase, int state_dir, const struct state *state, const char *status,
	      struct error *err);
int hooks_run_inside(json_t *hooks, const char *phase, int state_dir, const struct state *state, const char *status,
		     const struct hook_place *place, struct error *err);
/* Those of poststop: one that fails is warned of on stderr, and all goes on as if it had not. */
void hooks_run_after(json_t *hooks, const char *phase, int state_dir, const struct state *state, const char *status);

#endif
