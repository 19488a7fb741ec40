#include "seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <nettle/sha2.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "json.h"

#define CACHE ".seccomp"
#define FILTER_MAX (BPF_MAXINSNS * sizeof(struct sock_filter))
#define KEY_LENGTH (2 * SHA256_DIGEST_SIZE)

/* The program depends on the configuration, the library that compiles it and the machine it is for. */
static int cache_key(json_t *config, char key[KEY_LENGTH + 1])
{
	auto_free char *text = json_dumps(config, JSON_COMPACT | JSON_SORT_KEYS);
	if (!text)
		return -1;
	const struct scmp_version *version = seccomp_version();
	char context[64];
	int length = snprintf(context, sizeof context, "%u.%u.%u/%x/tree,enosys/" CORACLE_VERSION "/", version->major,
			      version->minor, version->micro, seccomp_arch_native());
	struct sha256_ctx hash;
	uint8_t digest[SHA256_DIGEST_SIZE];
	sha256_init(&hash);
	sha256_update(&hash, (size_t)length, (const uint8_t *)context);
	sha256_update(&hash, strlen(text), (const uint8_t *)text);
	sha256_digest(&hash, sizeof digest, digest);
	for (size_t i = 0; i < sizeof digest; i++)
		snprintf(key + 2 * i, 3, "%02x", digest[i]);
	return 0;
}

static bool take_cached(int root, const char *key, struct seccomp_program *program)
{
	auto_close int cache = openat(root, CACHE, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	size_t size;
	auto_free char *data = cache < 0 ? NULL : read_file_at(cache, key, FILTER_MAX, &size);
	if (!data || size == 0 || size % sizeof *program->filter != 0)
		return false;
	program->filter = (struct sock_filter *)steal_ptr(&data);
	program->length = (unsigned short)(size / sizeof *program->filter);
	return true;
}

/* A cache that can't be written costs time, nothing else. */
static void put_cached(int root, const char *key, const struct seccomp_program *program)
{
	if (mkdirat(root, CACHE, 0700) < 0 && errno != EEXIST)
		return;
	auto_close int cache = openat(root, CACHE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (cache >= 0)
		(void)write_file_atomic_at(cache, key, program->filter, program->length * sizeof *program->filter, 0600,
					   0);
}

static int read_flags(json_t *config, struct seccomp_program *program, struct error *err)
{
	static const struct {
		const char *name;
		unsigned flag;
	} names[] = {
		/* init has one thread, so there is nothing to synchronise */
		{"SECCOMP_FILTER_FLAG_TSYNC", 0},
		{"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
		{"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
		{"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV},
	};
	auto_free char **flags = NULL;
	if (json_read_strings(config, "linux.seccomp", "flags", &flags, err) < 0)
		return -1;
	for (char **flag = flags; *flag; flag++) {
		size_t i = 0;
		while (i < sizeof names / sizeof *names && strcmp(names[i].name, *flag) != 0)
			i++;
		if (i == sizeof names / sizeof *names)
			return error_set(err, "bad-config", "linux.seccomp.flags: unknown flag `%s`", *flag);
		program->flags |= names[i].flag;
	}
	return 0;
}

static bool notifies(json_t *rule, const char *key)
{
	const char *action = json_string_value(json_object_get(rule, key));
	return action && strcmp(action, "SCMP_ACT_NOTIFY") == 0;
}

/* Without a rule that asks it, there is no agent. */
static int read_listener(json_t *config, struct seccomp_program *program, struct error *err)
{
	const char *where = "linux.seccomp";
	bool used = false;
	json_t *rule, *name;
	size_t i, j;
	/* The listener is sent with sendmsg(2), by a process that the filter binds already. */
	if (notifies(config, "defaultAction"))
		return error_set(err, "bad-config", "%s.defaultAction: cannot be SCMP_ACT_NOTIFY", where);
	if (json_read_string(config, where, "listenerPath", &program->listener_path, err) < 0 ||
	    json_read_string(config, where, "listenerMetadata", &program->listener_metadata, err) < 0)
		return -1;
	json_array_foreach(json_object_get(config, "syscalls"), i, rule)
	{
		if (!notifies(rule, "action"))
			continue;
		used = true;
		json_array_foreach(json_object_get(rule, "names"), j, name) if (json_is_string(name) &&
										strcmp(json_string_value(name), "sendmsg") == 0)
			return error_set(err, "bad-config", "%s.syscalls: SCMP_ACT_NOTIFY cannot be used for sendmsg", where);
	}
	if (program->listener_path && !*program->listener_path)
		program->listener_path = NULL;
	if (program->listener_metadata && !program->listener_path)
		return error_set(err, "bad-config", "linux.seccomp.listenerMetadata: needs listenerPath");
	if (used && !program->listener_path)
		return error_set(err, "bad-config", "linux.seccomp: SCMP_ACT_NOTIFY needs listenerPath");
	if (!used)
		program->listener_path = NULL;
	return 0;
}

int seccomp_prepare(json_t *config, int root, struct seccomp_program *program, struct error *err)
{
	static const char *const known[] = {"defaultAction",	"defaultErrnoRet", "architectures", "flags",
					    "listenerPath",	"listenerMetadata", "syscalls",	  NULL};
	char key[KEY_LENGTH + 1] = "";
	memset(program, 0, sizeof *program);
	if (json_object_size(config) == 0)
		return 0;
	if (json_only_keys(config, "linux.seccomp", known, err) < 0 ||
	    read_flags(config, program, err) < 0 || read_listener(config, program, err) < 0)
		return -1;
	bool cacheable = root >= 0 && cache_key(config, key) == 0;
	if (cacheable && take_cached(root, key, program))
		return 0;
	if (seccomp_compile(config, program, err) < 0)
		return -1;
	if (cacheable)
		put_cached(root, key, program);
	return 0;
}

void seccomp_free(struct seccomp_program *program)
{
	free(program->filter);
	program->filter = NULL;
}

int seccomp_install(const struct seccomp_program *program, int *listener, struct error *err)
{
	*listener = -1;
	if (program->length == 0)
		return 0;
	struct sock_fprog bpf = {.len = program->length, .filter = program->filter};
	unsigned flags = program->flags;
	if (program->listener_path)
		flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	else
		flags &= ~SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	long rc = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &bpf);
	if (rc < 0)
		return error_errno(err, "runtime-failed", "install the seccomp filter");
	if (program->listener_path)
		*listener = (int)rc;
	return 0;
}
