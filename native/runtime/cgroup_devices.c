/*
 * linux.resources.devices as a BPF program on the cgroup. Only root of the initial user namespace can attach one; in
 * another the kernel lets no device node be made, so that the nodes in /dev are all there is.
 */
#include "cgroup_devices.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cgroup.h"
#include "cleanup.h"
#include "json.h"

#define RULE_INSNS 8
#define ANY (-1)

struct rule {
	bool allow;
	char type; /* a, b, c */
	int64_t major, minor;
	uint32_t access; /* BPF_DEVCG_ACC_* */
};

/* What every container may use: its own default devices and terminals, and making nodes, which opens nothing. */
static const struct rule default_rules[] = {
	{true, 'c', ANY, ANY, BPF_DEVCG_ACC_MKNOD},
	{true, 'b', ANY, ANY, BPF_DEVCG_ACC_MKNOD},
	{true, 'c', 1, 3, BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD},
	{true, 'c', 1, 5, BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD},
	{true, 'c', 1, 7, BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD},
	{true, 'c', 1, 8, BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD},
	{true, 'c', 1, 9, BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD},
	{true, 'c', 5, 0, BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD},
	{true, 'c', 5, 2, BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD},
	{true, 'c', 136, ANY, BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD},
};
#define DEFAULT_RULES (sizeof default_rules / sizeof *default_rules)

struct program {
	struct bpf_insn *insns;
	size_t count;
};

static void emit(struct program *program, uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm)
{
	program->insns[program->count++] =
		(struct bpf_insn){.code = code, .dst_reg = dst & 0xf, .src_reg = src & 0xf, .off = off, .imm = imm};
}

/* Registers: 2 type, 3 access, 4 major, 5 minor. A test that fails skips to the end of the rule. */
static void emit_rule(struct program *program, const struct rule *rule)
{
	size_t jumps[4], count = 0;
	if (rule->type != 'a') {
		int32_t type = rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
		jumps[count++] = program->count;
		emit(program, BPF_JMP | BPF_JNE | BPF_K, 2, 0, 0, type);
	}
	emit(program, BPF_ALU64 | BPF_MOV | BPF_X, 1, 3, 0, 0);
	emit(program, BPF_ALU64 | BPF_AND | BPF_K, 1, 0, 0, (int32_t)rule->access);
	jumps[count++] = program->count;
	/* Allowed is what asks for nothing else, denied what asks for any of it. */
	if (rule->allow)
		emit(program, BPF_JMP | BPF_JNE | BPF_X, 1, 3, 0, 0);
	else
		emit(program, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 0, 0);
	if (rule->major != ANY) {
		jumps[count++] = program->count;
		emit(program, BPF_JMP | BPF_JNE | BPF_K, 4, 0, 0, (int32_t)rule->major);
	}
	if (rule->minor != ANY) {
		jumps[count++] = program->count;
		emit(program, BPF_JMP | BPF_JNE | BPF_K, 5, 0, 0, (int32_t)rule->minor);
	}
	emit(program, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, rule->allow);
	emit(program, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	for (size_t i = 0; i < count; i++)
		program->insns[jumps[i]].off = (int16_t)(program->count - jumps[i] - 1);
}

static void emit_prologue(struct program *program)
{
	const int16_t access_type = offsetof(struct bpf_cgroup_dev_ctx, access_type);
	emit(program, BPF_LDX | BPF_MEM | BPF_W, 2, 1, access_type, 0);
	emit(program, BPF_ALU64 | BPF_MOV | BPF_X, 3, 2, 0, 0);
	emit(program, BPF_ALU64 | BPF_AND | BPF_K, 2, 0, 0, 0xffff);
	emit(program, BPF_ALU64 | BPF_RSH | BPF_K, 3, 0, 0, 16);
	emit(program, BPF_LDX | BPF_MEM | BPF_W, 4, 1, offsetof(struct bpf_cgroup_dev_ctx, major), 0);
	emit(program, BPF_LDX | BPF_MEM | BPF_W, 5, 1, offsetof(struct bpf_cgroup_dev_ctx, minor), 0);
}

static int read_rule(json_t *json, struct rule *rule, struct error *err)
{
	static const char *const known[] = {"allow", "type", "major", "minor", "access", NULL};
	const char *where = "linux.resources.devices", *type = "a", *access = "rwm";
	*rule = (struct rule){.major = ANY, .minor = ANY};
	if (json_only_keys(json, where, known, err) < 0 ||
	    json_read_bool(json, where, "allow", &rule->allow, err) < 0 ||
	    json_read_string(json, where, "type", &type, err) < 0 ||
	    json_read_string(json, where, "access", &access, err) < 0 ||
	    json_read_int(json, where, "major", ANY, INT32_MAX, &rule->major, NULL, err) < 0 ||
	    json_read_int(json, where, "minor", ANY, INT32_MAX, &rule->minor, NULL, err) < 0)
		return -1;
	rule->type = *type ? *type : 'a';
	const char *letters = *access ? access : "rwm";
	rule->access = (strchr(letters, 'r') ? BPF_DEVCG_ACC_READ : 0U) |
		       (strchr(letters, 'w') ? BPF_DEVCG_ACC_WRITE : 0U) |
		       (strchr(letters, 'm') ? BPF_DEVCG_ACC_MKNOD : 0U);
	if (!strchr("abc", rule->type) || (*type && type[1]) || access[strspn(access, "rwm")] != '\0')
		return error_set(err, "bad-config", "%s: bad type `%s` or access `%s`", where, type, access);
	return 0;
}

static int attach(const struct program *program, int cgroup, struct error *err)
{
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insns = (uint64_t)(uintptr_t)program->insns,
		.insn_cnt = (uint32_t)program->count,
		.license = (uint64_t)(uintptr_t)"Apache-2.0",
	};
	auto_close int fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load);
	if (fd < 0)
		return error_errno(err, "runtime-failed", "load the BPF program for linux.resources.devices");
	union bpf_attr attachment = {
		.target_fd = (uint32_t)cgroup,
		.attach_bpf_fd = (uint32_t)fd,
		.attach_type = BPF_CGROUP_DEVICE,
		.attach_flags = BPF_F_ALLOW_MULTI,
	};
	if (syscall(SYS_bpf, BPF_PROG_ATTACH, &attachment, sizeof attachment) < 0)
		return error_errno(err, "runtime-failed", "attach the BPF program for linux.resources.devices");
	return 0;
}

int cgroup_set_devices(int cgroup, json_t *rules, struct error *err)
{
	size_t count = json_array_size(rules);
	if (count == 0 || cgroup_is_users())
		return 0;
	auto_free struct bpf_insn *insns = calloc(RULE_INSNS * (count + DEFAULT_RULES + 1), sizeof *insns);
	struct program program = {.insns = insns};
	if (!insns)
		return error_errno(err, "runtime-failed", "compile linux.resources.devices");
	emit_prologue(&program);
	/* The last rule that matches decides, so the first one tested. */
	for (size_t i = DEFAULT_RULES; i-- > 0;)
		emit_rule(&program, &default_rules[i]);
	for (size_t i = count; i-- > 0;) {
		struct rule rule;
		if (read_rule(json_array_get(rules, i), &rule, err) < 0)
			return -1;
		emit_rule(&program, &rule);
	}
	emit(&program, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 1);
	emit(&program, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	return attach(&program, cgroup, err);
}
