#include "state.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "cgroup_systemd.h"
#include "cleanup.h"
#include "file.h"
#include "json.h"
#include "spec.h"

#define STATE_FILE "state.json"

int state_check_id(const char *id, struct error *err)
{
	const char *p = id;
	bool good = id && (isalnum((unsigned char)*p) || strchr("_+-", *p)) && *p;
	for (; good && *p; p++)
		good = isalnum((unsigned char)*p) || strchr("_+.-", *p);
	if (!good || p - id > 255)
		return error_set(err, "bad-config",
				 "container id `%s` is invalid: use letters, digits, `_`, `+`, `-` and (not first) `.`",
				 id ? id : "");
	return 0;
}

/* Whoever else can write there decides which processes we enter and what their seccomp filters let through. */
static int open_private(const char *root, struct error *err)
{
	auto_close int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(err, "runtime-failed", "open state directory %s", root);
	if (st.st_uid != geteuid() || (st.st_mode & 0022))
		return error_set(err, "runtime-failed",
				 "the state directory %s can be written by others (owner %u, mode %03o): remove it, or "
				 "name another with --root", root, st.st_uid, st.st_mode & 0777);
	return steal_fd(&fd);
}

int state_open_root(const char *root, struct error *err)
{
	int fd = open_private(root, err);
	if (fd >= 0 || err->errnum != ENOENT)
		return fd;
	auto_free char *path = strdup(root);
	if (!path)
		return error_errno(err, "runtime-failed", "make state directory %s", root);
	for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return error_errno(err, "runtime-failed", "make directory %s", path);
		*slash = '/';
	}
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return error_errno(err, "runtime-failed", "make state directory %s", root);
	return open_private(root, err);
}

int state_make_directory(const char *root, const char *id, struct error *err)
{
	if (state_check_id(id, err) < 0)
		return -1;
	auto_close int top = state_open_root(root, err);
	if (top < 0)
		return -1;
	if (mkdirat(top, id, 0700) < 0) {
		if (errno == EEXIST)
			return error_set(err, "runtime-failed", "container `%s` already exists", id);
		return error_errno(err, "runtime-failed", "make the state directory of container `%s`", id);
	}
	int fd = openat(top, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 ? fd : error_errno(err, "runtime-failed", "open the state directory of container `%s`", id);
}

int state_open_directory(const char *root, const char *id, struct error *err)
{
	if (state_check_id(id, err) < 0)
		return -1;
	auto_close int top = open_private(root, err);
	if (top < 0 && err->errnum != ENOENT)
		return -1;
	int fd = top < 0 ? -1 : openat(top, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (top < 0 || (fd < 0 && errno == ENOENT)) {
		error_set(err, "runtime-failed", "container `%s` does not exist", id);
		err->errnum = ENOENT;
		return -1;
	}
	return fd >= 0 ? fd : error_errno(err, "runtime-failed", "open the state of container `%s`", id);
}

/* Also what a killed writer left of a temporary file. */
static int empty_directory(int directory)
{
	int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *entries = copy < 0 ? NULL : fdopendir(copy);
	if (!entries)
		return -1;
	for (struct dirent *entry; (entry = readdir(entries));)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    unlinkat(directory, entry->d_name, 0) < 0 && errno != ENOENT)
			return -1;
	return 0;
}

int state_remove_directory(const char *root, const char *id, struct error *err)
{
	auto_close int top = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_close int directory = top < 0 ? -1 : openat(top, id, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (directory < 0)
		return errno == ENOENT ? 0 : error_errno(err, "runtime-failed", "open the state of container `%s`", id);
	if (empty_directory(directory) < 0 || (unlinkat(top, id, AT_REMOVEDIR) < 0 && errno != ENOENT))
		return error_errno(err, "runtime-failed", "remove the state of container `%s`", id);
	return 0;
}

int state_save(int directory, const struct state *state, struct error *err)
{
	json_t *json = json_pack("{s:s s:s s:s s:s s:s s:s* s:b s:i s:I s:s s:b s:b s:O* s:O*}", "ociVersion", SPEC_VERSION, "id",
				 state->id, "bundle", state->bundle, "rootfs", state->rootfs, "created",
				 state->created, "cgroup", state->cgroup, "scope", (int)state->is_scope, "pid", (int)state->init.pid, "startTime",
				 (json_int_t)state->init.start_time, "bootId", state->init.boot_id, "callersKeyring",
				 (int)state->callers_keyring, "sharesPids", (int)state->shares_pids, "annotations",
				 state->annotations, "hooks", state->hooks);
	auto_free char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	if (!text)
		return error_set(err, "runtime-failed", "write state.json: a value is not UTF-8");
	if (write_file_atomic_at(directory, STATE_FILE, text, strlen(text), 0600, 0) < 0)
		return error_errno(err, "runtime-failed", "write state.json");
	return 0;
}

static char *copy_string(json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));
	return text ? strdup(text) : NULL;
}

int state_load(int directory, struct state *state, struct error *err)
{
	memset(state, 0, sizeof *state);
	size_t length;
	auto_free char *text = read_file_at(directory, STATE_FILE, CONFIG_MAX, &length);
	if (!text)
		return error_errno(err, "runtime-failed", "read state.json");
	json_t *json = json_parse(text, length, "state.json", err);
	if (!json)
		return -1;
	state->id = copy_string(json, "id");
	state->bundle = copy_string(json, "bundle");
	state->rootfs = copy_string(json, "rootfs");
	state->created = copy_string(json, "created");
	state->cgroup = copy_string(json, "cgroup");
	state->is_scope = json_is_true(json_object_get(json, "scope"));
	state->shares_pids = json_is_true(json_object_get(json, "sharesPids"));
	state->init.pid = (pid_t)json_integer_value(json_object_get(json, "pid"));
	state->init.start_time = (unsigned long long)json_integer_value(json_object_get(json, "startTime"));
	const char *boot_id = json_string_value(json_object_get(json, "bootId"));
	snprintf(state->init.boot_id, sizeof state->init.boot_id, "%s", boot_id ? boot_id : "");
	state->callers_keyring = json_is_true(json_object_get(json, "callersKeyring"));
	state->annotations = json_incref(json_object_get(json, "annotations"));
	state->hooks = json_incref(json_object_get(json, "hooks"));
	json_decref(json);
	if (!state->id || !state->bundle || !state->rootfs || !state->created)
		return error_set(err, "runtime-failed",
				 "state.json is damaged; remove the container with delete --force");
	return 0;
}

int state_remove_cgroup(const struct state *state, struct error *err)
{
	if (!state->cgroup)
		return 0;
	return state->is_scope ? cgroup_systemd_remove(state->cgroup, err) : cgroup_remove(state->cgroup, err);
}

void state_free(struct state *state)
{
	free(state->id);
	free(state->bundle);
	free(state->rootfs);
	free(state->created);
	free(state->cgroup);
	json_decref(state->annotations);
	json_decref(state->hooks);
	memset(state, 0, sizeof *state);
}

enum status state_status(int directory, const struct state *state)
{
	if (!process_alive(&state->init))
		return STATUS_STOPPED;
	if (faccessat(directory, STATE_CREATING, F_OK, 0) == 0)
		return STATUS_CREATING;
	if (faccessat(directory, STATE_GATE, F_OK, 0) == 0)
		return STATUS_CREATED;
	return state->cgroup && cgroup_is_frozen(state->cgroup) ? STATUS_PAUSED : STATUS_RUNNING;
}

const char *status_name(enum status status)
{
	static const char *const names[] = {"creating", "created", "running", "paused", "stopped"};
	return names[status];
}

json_t *state_to_json(int directory, const struct state *state, const char *status)
{
	/* While it is being made the caller knows the pid, and for its own good. */
	bool alive = status ? strcmp(status, "stopped") != 0 : process_alive(&state->init);
	if (!status)
		status = status_name(state_status(directory, state));
	return json_pack("{s:s s:s s:i s:s s:s s:s s:s s:O*}", "ociVersion", SPEC_VERSION, "id", state->id, "pid",
			 alive ? (int)state->init.pid : 0, "status", status, "bundle", state->bundle, "rootfs",
			 state->rootfs, "created", state->created, "annotations", state->annotations);
}
