#include "apparmor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "procfs.h"

bool apparmor_is_wanted(const char *profile)
{
	return profile && *profile && strcmp(profile, "unconfined") != 0;
}

int apparmor_set_exec(int proc, const char *profile, struct error *err)
{
	if (!apparmor_is_wanted(profile))
		return 0;
	char text[512];
	int length = snprintf(text, sizeof text, "exec %s", profile);
	if (length >= (int)sizeof text)
		return error_set(err, "bad-config", "process.apparmorProfile: is too long");
	char path[64];
	snprintf(path, sizeof path, "%d/attr/apparmor/exec", procfs_self(proc));
	auto_close int fd = procfs_open(proc, path, O_WRONLY);
	if (fd < 0 && errno == ENOENT)
		return error_set(err, "runtime-failed",
				 "process.apparmorProfile `%s`: this kernel has no AppArmor; run with "
				 "apparmor=unconfined", profile);
	if (fd < 0 || write(fd, text, (size_t)length) != length)
		return error_errno(err, "runtime-failed", "set the AppArmor profile `%s`", profile);
	return 0;
}
