#include "refusal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"

static bool reads(const char *path, const char *expected)
{
	auto_free char *text = read_file_at(AT_FDCWD, path, 4096, NULL);
	return text && strncmp(text, expected, strlen(expected)) == 0;
}

bool refusal_expected(struct error *err)
{
	if (geteuid() == 0 || !reads("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1") ||
	    !reads("/proc/self/attr/apparmor/current", "unconfined"))
		return false;
	char program[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
	program[n > 0 ? n : 0] = '\0';
	error_set(err, "internal",
		  "AppArmor forbids this program to make a user namespace "
		  "(kernel.apparmor_restrict_unprivileged_userns=1); give it a profile:\n\n"
		  "sudo tee /etc/apparmor.d/coracle <<'EOF'\n"
		  "abi <abi/4.0>,\n"
		  "profile coracle %s flags=(unconfined) {\n"
		  "  userns,\n"
		  "}\n"
		  "EOF\n"
		  "sudo apparmor_parser -r /etc/apparmor.d/coracle\n",
		  program);
	return true;
}

int refusal_explain(int errnum, struct error *err)
{
	errno = errnum;
	if (errnum == EPERM && reads("/proc/sys/kernel/unprivileged_userns_clone", "0"))
		return error_set(err, "internal",
				 "make a user namespace: kernel.unprivileged_userns_clone is 0; allow it with `sudo sysctl "
				 "-w kernel.unprivileged_userns_clone=1`, and for every boot in /etc/sysctl.d/");
	if (errnum == ENOSPC && reads("/proc/sys/user/max_user_namespaces", "0\n"))
		return error_set(err, "internal",
				 "make a user namespace: user.max_user_namespaces is 0; allow them with `sudo sysctl -w "
				 "user.max_user_namespaces=28633`, and for every boot in /etc/sysctl.d/");
	if (errnum == ENOSPC || errnum == EUSERS)
		return error_set(err, "internal",
				 "make a user namespace: too many of them (user.max_user_namespaces), or nested too deeply "
				 "(at most 32)");
	if (errnum == EPERM)
		return error_set(err, "internal",
				 "make a user namespace: not permitted here: inside a container its seccomp profile must "
				 "allow clone(CLONE_NEWUSER), and in a chroot the kernel never does");
	if (errnum == EINVAL)
		return error_set(err, "internal", "make a user namespace: this kernel is built without CONFIG_USER_NS");
	return error_errno(err, "internal", "make a user namespace");
}
