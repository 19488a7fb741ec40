/* config.json of a bundle (runtime-spec 1.3, Linux), checked, as plain structs. Strings belong to `json`. */
#ifndef CORACLE_RUNTIME_SPEC_H
#define CORACLE_RUNTIME_SPEC_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "error.h"

#define SPEC_VERSION "1.3.0"
#define CONFIG_MAX (16 << 20)

struct id_mapping {
	uint32_t container_id, host_id, size;
};
struct id_mappings {
	struct id_mapping *items;
	size_t count;
};

enum capability_set { CAP_SET_BOUNDING, CAP_SET_EFFECTIVE, CAP_SET_INHERITABLE, CAP_SET_PERMITTED, CAP_SET_AMBIENT };

struct rlimit_spec {
	int resource;
	const char *name;
	struct rlimit limit;
};

struct process_spec {
	char **args, **env; /* NULL-terminated */
	const char *cwd;
	bool terminal, no_new_privileges;
	unsigned short rows, columns; /* 0: not asked for */
	uid_t uid;
	gid_t gid, *groups;
	size_t group_count;
	mode_t umask; /* (mode_t)-1: 0022 */
	uint64_t capabilities[5];
	const char *unknown_capability; /* one of those that are not given, which is no reason to fail; or NULL */
	struct rlimit_spec *rlimits;
	size_t rlimit_count;
	bool has_oom_score_adj;
	int oom_score_adj;
	const char *apparmor_profile;
	json_t *io_priority, *scheduler;
	const char *initial_cpus, *final_cpus;
};

enum namespace_kind { NS_USER, NS_MOUNT, NS_PID, NS_NETWORK, NS_IPC, NS_UTS, NS_CGROUP, NS_TIME, NS_KINDS };
enum namespace_use { NS_HOST, NS_NEW, NS_JOIN };

struct namespace_spec {
	enum namespace_use use;
	const char *path;
};

struct mount_spec {
	const char *destination, *type, *source;
	bool bind, recursive, remount, copy_up, copy_symlink, optional;
	bool source_nofollow, target_nofollow; /* the last part of the path is taken as it is, if it is a link */
	bool idmap, idmap_recursive;
	struct id_mappings uids, gids;
	uint64_t attr_set, attr_clear;         /* MOUNT_ATTR_* of this mount */
	uint64_t rec_attr_set, rec_attr_clear; /* of it and everything below */
	uint64_t propagation;                  /* MS_SHARED and friends, 0: private */
	bool propagation_recursive;
	char **data;       /* options for the file system; NULL-terminated */
	int seal_fd;   /* of a read-only tmpfs, written to until the container's own mounts and devices are there */
	int source_fd; /* O_PATH, of bind mounts; opened before credentials change */
	bool source_detached; /* source_fd is a copy already, made in another mount namespace */
	int mapped_fd; /* detached, of bind mounts with id mappings; made by the creating process */
};

struct device_spec {
	const char *path;
	char type;
	unsigned major, minor;
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

struct spec {
	json_t *json;
	bool has_process;
	struct process_spec process;
	const char *rootfs;
	bool rootfs_readonly;
	uint64_t rootfs_propagation;
	bool has_propagation; /* asked for */
	const char *hostname, *domainname;
	struct mount_spec *mounts;
	size_t mount_count;
	struct namespace_spec namespaces[NS_KINDS];
	struct id_mappings uids, gids;
	struct device_spec *devices;
	size_t device_count;
	char **masked_paths, **readonly_paths;
	const char *cgroups_path;
	bool has_personality;
	unsigned long personality;
	bool keep_groups; /* annotation run.oci.keep_original_groups, which crun has, too */
	json_t *hooks, *resources, *seccomp, *sysctl, *time_offsets, *annotations, *memory_policy, *net_devices;
};

struct namespace_kind_info {
	const char *name, *proc_name;
	int clone_flag;
};
extern const struct namespace_kind_info namespace_kinds[NS_KINDS];

/* Reads the configuration `file`, relative to DIRFD. The result is freed with spec_free(), also after a failure. */
int spec_load(int dirfd, const char *file, struct spec *spec, struct error *err);
void spec_free(struct spec *spec);
/* The annotations that change what is done, or refuse it; NULL beyond the last. */
extern const char *const spec_annotations[];
int spec_read_process(json_t *json, struct process_spec *process, struct error *err);
/* Says on stderr what of it can't be had and does not matter. */
void process_spec_warn(const struct process_spec *process);
void process_spec_free(struct process_spec *process);
int spec_read_mounts(struct spec *spec, struct error *err);
/* The names of mount options that this runtime interprets itself; NULL beyond the last. */
const char *spec_mount_option(size_t i);
int spec_read_mappings(json_t *object, const char *where, const char *key, struct id_mappings *mappings,
		       struct error *err);
int spec_read_devices(json_t *linux_json, struct spec *spec, struct error *err);

#endif
