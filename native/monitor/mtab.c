/*
 * As with Podman and Docker, whose images therefore have none. A container does without it: an image may have no /etc, or
 * be read-only.
 */
#include "mtab.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"

void mtab_prepare(const struct config *config)
{
	struct stat st;
	if (!config->rootfs.target)
		return;
	auto_close int root = open(config->rootfs.target, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_close int etc = root < 0 ? -1 : open_in_root(root, "etc", O_PATH | O_DIRECTORY, 0);
	if (etc < 0 || fstat(etc, &st) < 0 || symlinkat("/proc/mounts", etc, "mtab") < 0)
		return;
	/* Whose root this is depends on the container's mapping; /etc is his. */
	(void)!fchownat(etc, "mtab", st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW);
}
