/* The state directory ROOT/<id>. What a container is doing is asked of the kernel, never read from here. */
#ifndef CORACLE_RUNTIME_STATE_H
#define CORACLE_RUNTIME_STATE_H

#include <jansson.h>
#include <stdbool.h>

#include "error.h"
#include "process.h"

#define STATE_CREATING "creating" /* the gate's name until the container is made */
#define STATE_GATE "start" /* there as long as the container has not been started */

struct state {
	char *id, *bundle, *rootfs, *created;
	char *cgroup; /* absolute directory, or NULL */
	bool is_scope; /* systemd made the cgroup */
	bool callers_keyring; /* made with --no-new-keyring */
	bool shares_pids; /* it has no pid namespace of its own */
	struct process_identity init;
	json_t *annotations;
	json_t *hooks; /* of the configuration, which is too long to be read again for those that come later */
};

enum status { STATUS_CREATING, STATUS_CREATED, STATUS_RUNNING, STATUS_PAUSED, STATUS_STOPPED };

int state_check_id(const char *id, struct error *err);
/* ROOT, made 0700 when missing. */
int state_open_root(const char *root, struct error *err);
/* Makes ROOT/<id>; fails when it is there. */
int state_make_directory(const char *root, const char *id, struct error *err);
/* Opens ROOT/<id>. errnum ENOENT when there is none. */
int state_open_directory(const char *root, const char *id, struct error *err);
int state_remove_directory(const char *root, const char *id, struct error *err);
int state_save(int directory, const struct state *state, struct error *err);
int state_load(int directory, struct state *state, struct error *err);
/* Kills what is left in the container's cgroup, and removes it. Not an error when it is gone, or there was none. */
int state_remove_cgroup(const struct state *state, struct error *err);
void state_free(struct state *state);
enum status state_status(int directory, const struct state *state);
const char *status_name(enum status status);
/* The JSON of `state`, as hooks get it on stdin too. `status` NULL: as it is now. */
json_t *state_to_json(int directory, const struct state *state, const char *status);

#endif
