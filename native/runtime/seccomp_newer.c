/* System calls that a filter's author can't have known. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "json.h"
#include "seccomp.h"

#define ARCHITECTURES_MAX 24
/* Per architecture: its test, the number, x32 or not, the last number, what it is beyond, the way to the filter. */
#define INSNS_MAX (1 + 7 * ARCHITECTURES_MAX)
#define X32_BIT 0x40000000U

struct architecture {
	uint32_t token;
	int last; /* the highest number that is named, 0: none */
};

struct prefix {
	struct sock_filter insns[INSNS_MAX];
	unsigned short length;
};

static int last_number(json_t *config, uint32_t token)
{
	json_t *rule, *name;
	size_t i, j;
	int last = 0;
	json_array_foreach(json_object_get(config, "syscalls"), i, rule)
	{
		json_array_foreach(json_object_get(rule, "names"), j, name)
		{
			int number = seccomp_syscall_resolve_name_arch(token, json_string_value(name));
			if (number > last)
				last = number;
		}
	}
	return last;
}

static size_t find_architectures(json_t *config, struct architecture found[ARCHITECTURES_MAX])
{
	json_t *names = json_object_get(config, "architectures");
	size_t count = 0;
	for (size_t i = 0; i <= json_array_size(names) && count < ARCHITECTURES_MAX; i++) {
		/* Our own is in every filter, whether it is listed or not. */
		uint32_t token = i == 0 ? seccomp_arch_native()
					: seccomp_architecture(json_string_value(json_array_get(names, i - 1)));
		bool known = token == 0;
		for (size_t j = 0; j < count; j++)
			known = known || found[j].token == token;
		int last = known ? 0 : last_number(config, token);
		if (last > 0)
			found[count++] = (struct architecture){token, last};
	}
	return count;
}

static void emit(struct prefix *prefix, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	prefix->insns[prefix->length++] = (struct sock_filter){.code = code, .jt = jt, .jf = jf, .k = k};
}

/* x32 has the kernel's name of x86-64 and a bit in its numbers. */
static void emit_architecture(struct prefix *prefix, const struct architecture *architecture)
{
	bool x32 = architecture->token == SCMP_ARCH_X32, x86_64 = architecture->token == SCMP_ARCH_X86_64;
	unsigned before = prefix->length;
	emit(prefix, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	emit(prefix, BPF_JMP | BPF_JEQ | BPF_K, x32 ? AUDIT_ARCH_X86_64 : architecture->token, 0, 0);
	emit(prefix, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	if (x32 || x86_64)
		emit(prefix, BPF_JMP | BPF_JSET | BPF_K, X32_BIT, x32 ? 0 : 2, x32 ? 2 : 0);
	emit(prefix, BPF_JMP | BPF_JGT | BPF_K, (uint32_t)architecture->last, 0, 1);
	emit(prefix, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS, 0, 0);
	prefix->insns[before + 1].jf = (uint8_t)(prefix->length - before - 2);
}

int seccomp_pass_newer(json_t *config, struct seccomp_program *program, struct error *err)
{
	struct architecture architectures[ARCHITECTURES_MAX];
	struct prefix prefix = {.length = 0};
	size_t count = find_architectures(config, architectures);
	for (size_t i = 0; i < count; i++)
		emit_architecture(&prefix, &architectures[i]);
	/* A filter that is as long as can be goes without. */
	if (prefix.length + program->length > BPF_MAXINSNS)
		return 0;
	size_t size = sizeof *program->filter;
	struct sock_filter *filter = malloc((prefix.length + (size_t)program->length) * size);
	if (!filter)
		return error_errno(err, "runtime-failed", "compile linux.seccomp");
	memcpy(filter, prefix.insns, prefix.length * size);
	memcpy(filter + prefix.length, program->filter, program->length * size);
	free(program->filter);
	program->filter = filter;
	program->length = (unsigned short)(program->length + prefix.length);
	return 0;
}
