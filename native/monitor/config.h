/* What the engine asks for: DIR/monitor.json, and SESSION/exec.json for an exec session (PROTOCOL.md section 3). */
#ifndef CORACLE_MONITOR_CONFIG_H
#define CORACLE_MONITOR_CONFIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "process.h"

enum notify_mode { NOTIFY_NONE, NOTIFY_CONTAINER, NOTIFY_CONMON, NOTIFY_HEALTHY };
enum rootfs_driver { ROOTFS_NONE, ROOTFS_OVERLAY, ROOTFS_FUSE, ROOTFS_SUBPATH, ROOTFS_ADOPT, ROOTFS_FILESYSTEM };
enum log_driver { LOG_NONE, LOG_K8S, LOG_JSON, LOG_JOURNALD, LOG_PASSTHROUGH };
enum network_mode { NETWORK_OTHER, NETWORK_SLIRP, NETWORK_PASTA, NETWORK_BRIDGE };
enum restart_policy { RESTART_NO, RESTART_ALWAYS, RESTART_ON_FAILURE };
enum health_action { HEALTH_NONE, HEALTH_KILL, HEALTH_RESTART, HEALTH_STOP };

struct health_test {
	json_t *command; /* NULL: there is none */
	long long interval, timeout; /* milliseconds; interval 0: only when asked for */
	unsigned retries;
	unsigned successes; /* of a startup check */
};

struct health_config {
	struct health_test regular, startup;
	long long start_period; /* milliseconds */
	enum health_action on_failure;
	const char *log_path;
	unsigned log_count, log_size; /* 0: no limit */
	bool no_events;
};

struct rootfs_config {
	enum rootfs_driver driver;
	json_t *lower; /* topmost first */
	const char *upper, *work, *target; /* without upper and work it is read-only */
	json_t *options;
	const char *program, *uid_mapping, *gid_mapping; /* fuse-overlayfs only */
	const char *source, *path; /* path: subpath only */
	pid_t pid;                 /* adopt only */
	const char *type;          /* filesystem only */
};

/* path NULL: it lies on a mount, which is the runtime's business. */
struct workdir_config {
	const char *root, *path;
	bool make;
	uid_t uid;
	gid_t gid;
};

/* Lines for the container's /etc/passwd and /etc/group; NULL: none. */
struct users_config {
	const char *root, *passwd, *group;
};

/* What the bridges need (keeper.h). */
struct bridge_config {
	const char *directory; /* of the keeper: socket, lock, what aardvark-dns reads */
	const char *netavark, *aardvark;
	json_t *setup;   /* what netavark is to do for the container */
	json_t *resolve; /* what aardvark-dns must answer before the network counts as ready */
};

/* Strings and arrays belong to `document`. */
struct config {
	json_t *document;
	json_t *process; /* exec: the OCI process object */
	bool exec;
	const char *id, *name, *session;
	const char *runtime_path; /* NULL: our own runtime, in-process */
	json_t *runtime_args;
	const char *runtime_root;
	bool no_new_keyring, no_pivot;
	const char *systemd_slice; /* container and monitor get scopes in it; NULL: they don't */
	bool stay;                 /* the monitor doesn't: it is the main process of the unit that starts it */
	struct rootfs_config rootfs;
	struct rootfs_config *overlays; /* mounted beside it, for the runtime to bind */
	size_t overlay_count;
	struct workdir_config workdir;
	struct users_config users;
	bool terminal, open_stdin, stdin_once;
	json_t *preserved; /* descriptors from 3 on that the process gets */
	unsigned preserve_fds; /* up to the highest of them, gaps included */
	enum log_driver log;
	const char *log_path; /* journald: of its socket */
	const char *log_tag;
	json_t *log_labels; /* NAME=VALUE, for journald; conmon's only, as is the next */
	bool log_no_partial;      /* the pieces of a long line aren't marked as such */
	unsigned long long log_max_size;
	unsigned log_max_file;
	const char *run_dir;
	const char *pid_file; /* NULL: nobody wants to know */
	const char *alive_file;
	bool bounded; /* `capabilities` are all that the container may have; else that isn't known */
	uint64_t capabilities;
	bool no_new_privileges;
	enum network_mode network;
	const char *network_program;
	json_t *network_args, *ports;
	struct bridge_config bridge;
	const char *network_address; /* where the forwarder finds the container; NULL: the program itself publishes */
	int stop_signal, stop_timeout;
	int timeout;
	enum notify_mode notify;
	const char *notify_socket; /* a path, or @ and an abstract name */
	enum restart_policy restart;
	unsigned restart_max;
	struct health_config health;
	json_t *cleanup;
	bool cleanup_always;
	struct process_identity init; /* exec: of the container */
};

struct port {
	const char *host_ip, *protocol;
	int host_port, container_port;
};

int config_load_container(int directory, struct config *config, struct error *err);
/* What is needed to reach a keeper: `{"network": …, "aliveFile": …}` as in monitor.json. */
int config_load_network(const char *text, struct config *config, struct error *err);
int config_load_exec(int session, struct config *config, struct error *err);
void config_free(struct config *config);
/* Of the keys of these names; NULL where there is none. */
int config_parse_health(json_t *object, struct health_config *health, struct error *err);
int config_parse_rootfs(json_t *object, struct rootfs_config *rootfs, struct error *err);
int config_parse_overlays(json_t *array, struct config *config, struct error *err);
int config_parse_workdir(json_t *object, struct workdir_config *workdir, struct error *err);
int config_parse_network(json_t *object, struct config *config, struct error *err);
/* Fails with what is wrong in which file. */
int config_bad(struct error *err, const char *file, const char *what);
/* Whether the process gets this descriptor. */
bool config_preserves(const struct config *config, int fd);
bool config_is_strings(const json_t *array);
bool config_is_absolute(const char *path);
struct port config_port(const struct config *config, size_t index);
/* NULL-terminated argv: `program`, then the strings of `args`, with room for `extra` more. Only the array is to be freed. */
const char **config_argv(const char *program, const json_t *args, size_t extra);

#endif
