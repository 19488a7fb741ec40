/* linux.seccomp to BPF with libseccomp. */
#include <ctype.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "json.h"
#include "seccomp.h"

#define ARGS_MAX 6

static void release(scmp_filter_ctx *context)
{
	if (*context)
		seccomp_release(*context);
}

static int read_action(json_t *json, const char *where, const char *key, const char *errno_key, uint32_t *action,
		       struct error *err)
{
	const char *name = NULL;
	int64_t value = EPERM;
	bool has_errno;
	if (json_read_string(json, where, key, &name, err) < 0 ||
	    json_read_int(json, where, errno_key, 0, UINT16_MAX, &value, &has_errno, err) < 0)
		return -1;
	if (has_errno && name && strcmp(name, "SCMP_ACT_ERRNO") != 0 && strcmp(name, "SCMP_ACT_TRACE") != 0)
		return error_set(err, "bad-config", "%s.%s: the action %s has no errno", where, errno_key, name);
	const struct {
		const char *name;
		uint32_t action;
	} actions[] = {
		{"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW},
		{"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO((uint32_t)value)},
		{"SCMP_ACT_KILL", SCMP_ACT_KILL},
		{"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD},
		{"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS},
		{"SCMP_ACT_TRAP", SCMP_ACT_TRAP},
		{"SCMP_ACT_TRACE", SCMP_ACT_TRACE((uint32_t)value)},
		{"SCMP_ACT_LOG", SCMP_ACT_LOG},
		{"SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY},
	};
	for (size_t i = 0; name && i < sizeof actions / sizeof *actions; i++)
		if (strcmp(actions[i].name, name) == 0) {
			*action = actions[i].action;
			return 0;
		}
	return error_set(err, "bad-config", "%s.%s: unknown action `%s`", where, key, name ? name : "");
}

static int read_operator(const char *name, enum scmp_compare *operator, struct error *err)
{
	static const struct {
		const char *name;
		enum scmp_compare value;
	} operators[] = {
		{"SCMP_CMP_NE", SCMP_CMP_NE}, {"SCMP_CMP_LT", SCMP_CMP_LT}, {"SCMP_CMP_LE", SCMP_CMP_LE},
		{"SCMP_CMP_EQ", SCMP_CMP_EQ}, {"SCMP_CMP_GE", SCMP_CMP_GE}, {"SCMP_CMP_GT", SCMP_CMP_GT},
		{"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
	};
	for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
		if (strcmp(operators[i].name, name) == 0) {
			*operator = operators[i].value;
			return 0;
		}
	return error_set(err, "bad-config", "linux.seccomp.syscalls.args: unknown op `%s`", name);
}

static int read_args(json_t *rule, struct scmp_arg_cmp args[ARGS_MAX], unsigned *count, struct error *err)
{
	const char *where = "linux.seccomp.syscalls.args";
	json_t *array = NULL, *item;
	size_t i;
	if (json_read_array(rule, "linux.seccomp.syscalls", "args", &array, err) < 0)
		return -1;
	if (json_array_size(array) > ARGS_MAX)
		return error_set(err, "bad-config", "%s: more than %d", where, ARGS_MAX);
	*count = 0;
	json_array_foreach(array, i, item)
	{
		int64_t index = 0;
		uint64_t value = 0, second = 0;
		const char *name = "";
		enum scmp_compare operator = SCMP_CMP_EQ;
		if (json_read_int(item, where, "index", 0, ARGS_MAX - 1, &index, NULL, err) < 0 ||
		    json_read_u64(item, where, "value", &value, NULL, err) < 0 ||
		    json_read_u64(item, where, "valueTwo", &second, NULL, err) < 0 ||
		    json_read_string(item, where, "op", &name, err) < 0 || read_operator(name, &operator, err) < 0)
			return -1;
		args[(*count)++] = (struct scmp_arg_cmp){
			.arg = (unsigned)index, .op = operator, .datum_a = value, .datum_b = second};
	}
	return 0;
}

/* Conditions on one argument given twice are alternatives; those on different arguments must all hold. */
static int add_rule(scmp_filter_ctx context, uint32_t action, int number, const struct scmp_arg_cmp *args,
		    unsigned count)
{
	unsigned seen = 0;
	bool alternatives = false;
	for (unsigned i = 0; i < count; i++) {
		alternatives = alternatives || (seen & (1U << args[i].arg));
		seen |= 1U << args[i].arg;
	}
	if (!alternatives)
		return seccomp_rule_add_array(context, action, number, count, args);
	for (unsigned i = 0; i < count; i++) {
		int rc = seccomp_rule_add_array(context, action, number, 1, &args[i]);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int add_syscalls(scmp_filter_ctx context, json_t *config, uint32_t default_action, struct error *err)
{
	static const char *const known[] = {"names", "action", "errnoRet", "args", "comment", "includes", "excludes",
					    NULL};
	const char *where = "linux.seccomp.syscalls";
	json_t *array = NULL, *rule;
	size_t i;
	if (json_read_array(config, "linux.seccomp", "syscalls", &array, err) < 0)
		return -1;
	json_array_foreach(array, i, rule)
	{
		struct scmp_arg_cmp args[ARGS_MAX];
		unsigned count = 0;
		uint32_t action = 0;
		auto_free char **names = NULL;
		if (json_only_keys(rule, where, known, err) < 0 ||
		    read_action(rule, where, "action", "errnoRet", &action, err) < 0 ||
		    read_args(rule, args, &count, err) < 0 || json_read_strings(rule, where, "names", &names, err) < 0)
			return -1;
		if (!names[0])
			return error_set(err, "bad-config", "%s[%zu]: has no names", where, i);
		if (action == default_action)
			continue;
		for (char **name = names; *name; name++) {
			int number = seccomp_syscall_resolve_name(*name);
			if (number == __NR_SCMP_ERROR)
				continue;
			int rc = add_rule(context, action, number, args, count);
			if (rc < 0) {
				errno = -rc;
				return error_errno(err, "runtime-failed", "seccomp rule for %s", *name);
			}
		}
	}
	return 0;
}

uint32_t seccomp_architecture(const char *name)
{
	char lower[32] = "";
	const char *suffix = name && strncmp(name, "SCMP_ARCH_", 10) == 0 ? name + 10 : "";
	for (size_t i = 0; suffix[i] && i + 1 < sizeof lower; i++)
		lower[i] = (char)tolower((unsigned char)suffix[i]);
	return seccomp_arch_resolve_name(lower);
}

static int add_architectures(scmp_filter_ctx context, json_t *config, struct error *err)
{
	auto_free char **names = NULL;
	if (json_read_strings(config, "linux.seccomp", "architectures", &names, err) < 0)
		return -1;
	for (char **name = names; *name; name++) {
		uint32_t token = seccomp_architecture(*name);
		if (token == 0)
			return error_set(err, "bad-config", "linux.seccomp.architectures: unknown `%s`", *name);
		int rc = seccomp_arch_add(context, token);
		if (rc < 0 && rc != -EEXIST) {
			errno = -rc;
			return error_errno(err, "runtime-failed", "seccomp architecture %s", *name);
		}
	}
	return 0;
}

static int export_program(scmp_filter_ctx context, struct seccomp_program *program, struct error *err)
{
	auto_close int fd = memfd_create("seccomp", MFD_CLOEXEC);
	if (fd < 0)
		return error_errno(err, "runtime-failed", "make a memory file");
	int rc = seccomp_export_bpf(context, fd);
	if (rc < 0) {
		errno = -rc;
		return error_errno(err, "runtime-failed", "compile linux.seccomp");
	}
	off_t size = lseek(fd, 0, SEEK_END);
	if (size <= 0 || size > (off_t)(BPF_MAXINSNS * sizeof *program->filter))
		return error_set(err, "bad-config", "linux.seccomp: the compiled filter is too long");
	program->filter = malloc((size_t)size);
	if (!program->filter || lseek(fd, 0, SEEK_SET) < 0 || read_full(fd, program->filter, (size_t)size) != size)
		return error_errno(err, "runtime-failed", "read the compiled seccomp filter");
	program->length = (unsigned short)((size_t)size / sizeof *program->filter);
	return 0;
}

int seccomp_compile(json_t *config, struct seccomp_program *program, struct error *err)
{
	uint32_t default_action;
	if (read_action(config, "linux.seccomp", "defaultAction", "defaultErrnoRet", &default_action, err) < 0)
		return -1;
	scmp_filter_ctx context __attribute__((cleanup(release))) = seccomp_init(default_action);
	if (!context)
		return error_set(err, "runtime-failed", "start a seccomp filter");
	/*
	 * A tree instead of a list: the kernel tries each system call on a filter when it is installed. Libraries before
	 * 2.5 don't know it.
	 */
	(void)seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (add_architectures(context, config, err) < 0 || add_syscalls(context, config, default_action, err) < 0)
		return -1;
	if (export_program(context, program, err) < 0)
		return -1;
	bool denies = default_action != SCMP_ACT_ALLOW && default_action != SCMP_ACT_LOG &&
		      (default_action & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_TRACE &&
		      default_action != SCMP_ACT_ERRNO(ENOSYS);
	return denies ? seccomp_pass_newer(config, program, err) : 0;
}
