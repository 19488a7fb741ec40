#include "confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#define SANITIZED true /* the sanitizers need more calls */
#else
#define SANITIZED false
#endif

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#define ARCHITECTURE 0 /* no filter */
#endif

/* Jumps are of 255 instructions at most. */
#define FILTER_MAX 255
#define FIELD(name) (uint32_t)offsetof(struct seccomp_data, name)

int confine_bounding_set(uint64_t keep, struct error *err)
{
	for (int capability = 0; capability < 64; capability++) {
		if (keep & (1ULL << capability) || prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL || errno == EPERM)
			return 0; /* beyond the kernel's last; without CAP_SETPCAP root has nothing to be given either */
		return error_errno(err, "internal", "drop capability %d from the bounding set", capability);
	}
	return 0;
}

int confine_capabilities(uint64_t keep, struct error *err)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	if (syscall(SYS_capget, &header, data) < 0)
		return error_errno(err, "internal", "read capabilities");
	for (int i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(keep >> (32 * i));
		data[i].effective &= data[i].permitted;
		data[i].inheritable = 0;
	}
	return syscall(SYS_capset, &header, data) < 0 ? error_errno(err, "internal", "drop capabilities") : 0;
}

int confine_no_new_privileges(struct error *err)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? error_errno(err, "internal", "set no_new_privs") : 0;
}

static size_t add_call(struct sock_filter *filter, const struct confine_call *call)
{
	const struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	size_t n = 0;
	bool any = call->argument == 0;
	filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call->number, 0, any ? 1 : 4);
	if (!any) {
		/* The kernel takes the low half of what is an int: little-endian, it comes first. */
		filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FIELD(args) + 8U * (call->argument - 1U));
		filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call->value, 0, 1);
	}
	filter[n++] = allow;
	if (!any)
		filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FIELD(nr));
	return n;
}

int confine_calls(const struct confine_call *calls, size_t count, struct error *err)
{
	struct sock_filter filter[FILTER_MAX] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FIELD(arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FIELD(nr)),
	};
	size_t n = 4;
	if (SANITIZED || ARCHITECTURE == 0)
		return 0;
	for (size_t i = 0; i < count && n + 6 <= FILTER_MAX; i++)
		n += add_call(filter + n, &calls[i]);
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	const struct sock_fprog program = {.len = (unsigned short)n, .filter = filter};
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0 || errno == ENOSYS || errno == EINVAL)
		return 0;
	return error_errno(err, "internal", "install the seccomp filter");
}
