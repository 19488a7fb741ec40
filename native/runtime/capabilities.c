#include "capabilities.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *const names[] = {
	"CAP_CHOWN",		"CAP_DAC_OVERRIDE",   "CAP_DAC_READ_SEARCH", "CAP_FOWNER",
	"CAP_FSETID",		"CAP_KILL",	      "CAP_SETGID",	     "CAP_SETUID",
	"CAP_SETPCAP",		"CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",	"CAP_NET_RAW",	      "CAP_IPC_LOCK",	     "CAP_IPC_OWNER",
	"CAP_SYS_MODULE",	"CAP_SYS_RAWIO",      "CAP_SYS_CHROOT",	     "CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",	"CAP_SYS_ADMIN",      "CAP_SYS_BOOT",	     "CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",	"CAP_SYS_TIME",	      "CAP_SYS_TTY_CONFIG",  "CAP_MKNOD",
	"CAP_LEASE",		"CAP_AUDIT_WRITE",    "CAP_AUDIT_CONTROL",   "CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",	"CAP_MAC_ADMIN",      "CAP_SYSLOG",	     "CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",	"CAP_AUDIT_READ",     "CAP_PERFMON",	     "CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
};

int capability_from_name(const char *name)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcasecmp(names[i], name) == 0)
			return (int)i;
	return -1;
}

const char *capability_name(int capability)
{
	return (size_t)capability < sizeof names / sizeof *names ? names[capability] : NULL;
}

int capability_last(void)
{
	int last = 63;
	while (last > 0 && prctl(PR_CAPBSET_READ, last, 0, 0, 0) < 0)
		last--;
	return last;
}

int capabilities_bound(const uint64_t sets[5], struct error *err)
{
	for (int capability = 0; capability < 64; capability++) {
		if (sets[CAP_SET_BOUNDING] & (1ULL << capability))
			continue;
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0) {
			if (errno == EINVAL)
				return 0; /* beyond the kernel's last */
			return error_errno(err, "runtime-failed", "drop capability %d from the bounding set",
					   capability);
		}
	}
	return 0;
}

static int set_ambient(uint64_t ambient, struct error *err)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return error_errno(err, "runtime-failed", "clear ambient capabilities");
	for (int capability = 0; capability < 64; capability++)
		if ((ambient & (1ULL << capability)) &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0)
			return error_errno(err, "runtime-failed", "raise ambient capability %s",
					   capability_name(capability));
	return 0;
}

int capabilities_set(const uint64_t sets[5], uint64_t keep, struct error *err)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	if (syscall(SYS_capget, &header, data) < 0)
		return error_errno(err, "runtime-failed", "read capabilities");
	/* What we don't have ourselves can't be given; a process with less is no less isolated. */
	uint64_t have = data[0].permitted | (uint64_t)data[1].permitted << 32;
	uint64_t permitted = (sets[CAP_SET_PERMITTED] | keep) & have;
	uint64_t effective = (sets[CAP_SET_EFFECTIVE] | keep) & permitted;
	uint64_t inheritable = sets[CAP_SET_INHERITABLE] & have;
	for (int i = 0; i < 2; i++) {
		data[i].effective = (uint32_t)(effective >> (32 * i));
		data[i].permitted = (uint32_t)(permitted >> (32 * i));
		data[i].inheritable = (uint32_t)(inheritable >> (32 * i));
	}
	if (syscall(SYS_capset, &header, data) < 0)
		return error_errno(err, "runtime-failed", "set capabilities");
	return set_ambient(sets[CAP_SET_AMBIENT] & inheritable & permitted, err);
}
