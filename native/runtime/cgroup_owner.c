/* A container that may manage cgroups below its own has to own that one (config-linux.md, "Cgroup ownership"). */
#include "cgroup_owner.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "idmap.h"

#define DELEGATE "/sys/kernel/cgroup/delegate"

static bool mounts_writable(const struct spec *spec)
{
	for (size_t i = 0; i < spec->mount_count; i++) {
		const struct mount_spec *mount = &spec->mounts[i];
		if (strcmp(mount->destination, "/sys/fs/cgroup") == 0 && mount->type && strncmp(mount->type, "cgroup", 6) == 0)
			return !(mount->attr_set & MOUNT_ATTR_RDONLY);
	}
	return false;
}

void cgroup_give(int cgroup, const struct spec *spec)
{
	uint32_t uid = spec->process.uid;
	if (cgroup < 0 || spec->namespaces[NS_CGROUP].use != NS_NEW || !mounts_writable(spec))
		return;
	if (spec->namespaces[NS_USER].use == NS_NEW)
		uid = idmap_host_id(&spec->uids, uid);
	auto_free char *listed = read_file_at(AT_FDCWD, DELEGATE, 65536, NULL);
	auto_free char *names = listed ? NULL : strdup("cgroup.procs cgroup.subtree_control cgroup.threads");
	char *rest = listed ? listed : names;
	/* Who may not give it away keeps it: the container can do without. */
	if (uid == (uint32_t)-1 || fchown(cgroup, uid, (gid_t)-1) < 0)
		return;
	for (char *name; (name = strsep(&rest, " \n"));)
		/* Not every cgroup has all of them. */
		if (*name && fchownat(cgroup, name, uid, (gid_t)-1, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT)
			return;
}
