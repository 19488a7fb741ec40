#include "metadata.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "report.h"
#include "xattr.h"

/* Does the user namespace map one id only? */
static bool maps_single_id(const char *map_file)
{
	auto_free char *text = read_file_at(AT_FDCWD, map_file, 64 * 1024, NULL);
	unsigned long count = 0;
	if (!text || sscanf(text, "%*u %*u %lu", &count) != 1 || count != 1)
		return false;
	char *newline = strchr(text, '\n');
	return !newline || newline[1] == '\0';
}

void ownership_init(struct ownership *ownership)
{
	*ownership = (struct ownership){.own_uid = geteuid(), .own_gid = getegid()};
	ownership->ignore = ownership->own_uid != 0 || maps_single_id("/proc/self/uid_map");
}

static uint64_t wanted_uid(const struct ownership *ownership, const struct tar_entry *entry)
{
	return ownership->change ? ownership->uid : entry->uid;
}

static uint64_t wanted_gid(const struct ownership *ownership, const struct tar_entry *entry)
{
	return ownership->change ? ownership->gid : entry->gid;
}

static bool needs_chown(const struct ownership *ownership, const struct tar_entry *entry, bool fresh)
{
	return !ownership->ignore && (!fresh || wanted_uid(ownership, entry) != ownership->own_uid ||
				      wanted_gid(ownership, entry) != ownership->own_gid);
}

/* mkdir(2) leaves these bits out, and a write or chown by anyone but real root takes them away. */
static bool needs_chmod(const struct tar_entry *entry, bool fresh)
{
	return !fresh || (entry->mode & (S_ISUID | S_ISGID));
}

static int change_owner(const struct ownership *ownership, int fd, const char *name, const struct tar_entry *entry,
			const char *path, struct error *err)
{
	uint64_t uid = wanted_uid(ownership, entry), gid = wanted_gid(ownership, entry);
	/* The last number means "leave it" to chown(2). */
	if (uid < UINT32_MAX && gid < UINT32_MAX) {
		if (fchownat(fd, name, (uid_t)uid, (gid_t)gid, AT_SYMLINK_NOFOLLOW | (*name ? 0 : AT_EMPTY_PATH)) == 0)
			return 0;
		if (errno != EINVAL)
			return fail_errno(err, "change the owner of %s", path);
	}
	if (ownership->lenient)
		return 0;
	return error_set(err, "id-not-mapped",
			 "%s belongs to %llu:%llu, ids that this user namespace does not map: "
			 "add more subordinate ids to /etc/subuid and /etc/subgid",
			 path, (unsigned long long)uid, (unsigned long long)gid);
}

static int set_xattrs(int fd, const char *name, const struct tar_entry *entry, const char *path, struct error *err)
{
	for (size_t i = 0; i < entry->xattr_count; i++) {
		if (!xattr_is_overlay(entry->xattrs[i].name) && xattr_set(fd, name, &entry->xattrs[i], err) < 0)
			return error_prefix(err, "%s", path);
	}
	return 0;
}

/* In this order: chown(2) takes away setuid bits and capabilities. */
int metadata_set(const struct ownership *ownership, int fd, const struct tar_entry *entry, bool fresh, const char *path,
		 struct error *err)
{
	if (needs_chown(ownership, entry, fresh) && change_owner(ownership, fd, "", entry, path, err) < 0)
		return -1;
	if (!fresh) {
		xattr_remove(fd, "system.posix_acl_access");
		xattr_remove(fd, "system.posix_acl_default");
	}
	if (needs_chmod(entry, fresh) && fchmod(fd, entry->mode) < 0)
		return fail_errno(err, "change the mode of %s", path);
	return set_xattrs(fd, NULL, entry, path, err);
}

int metadata_set_at(const struct ownership *ownership, int parent, const char *name, const struct tar_entry *entry,
		    bool fresh, const char *path, struct error *err)
{
	const struct timespec times[2] = {entry->mtime, entry->mtime};
	if (needs_chown(ownership, entry, fresh) && change_owner(ownership, parent, name, entry, path, err) < 0)
		return -1;
	if (entry->type != TAR_SYMLINK && needs_chmod(entry, fresh) && fchmodat(parent, name, entry->mode, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_errno(err, "change the mode of %s", path);
	if (set_xattrs(parent, name, entry, path, err) < 0)
		return -1;
	if (utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_errno(err, "set the time of %s", path);
	return 0;
}

int metadata_set_times(int fd, const struct tar_entry *entry, const char *path, struct error *err)
{
	/* No archive of ours keeps access times: a file was last read when it was last written. */
	const struct timespec times[2] = {entry->mtime, entry->mtime};
	return futimens(fd, times) == 0 ? 0 : fail_errno(err, "set the time of %s", path);
}

static int type_of(mode_t mode, enum tar_type *type)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		*type = TAR_FILE;
		return 1;
	case S_IFDIR:
		*type = TAR_DIRECTORY;
		return 1;
	case S_IFLNK:
		*type = TAR_SYMLINK;
		return 1;
	case S_IFCHR:
		*type = TAR_CHARACTER_DEVICE;
		return 1;
	case S_IFBLK:
		*type = TAR_BLOCK_DEVICE;
		return 1;
	case S_IFIFO:
		*type = TAR_FIFO;
		return 1;
	default:
		return 0;
	}
}

int metadata_read(int fd, const char *name, const struct stat *st, struct tar_entry *entry, const char *path,
		  struct error *err)
{
	if (type_of(st->st_mode, &entry->type) == 0)
		return 0;
	entry->mode = st->st_mode & 07777;
	entry->uid = st->st_uid;
	entry->gid = st->st_gid;
	entry->mtime = st->st_mtim;
	entry->size = S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0;
	entry->device_major = major(st->st_rdev);
	entry->device_minor = minor(st->st_rdev);
	if (entry->type == TAR_SYMLINK) {
		char target[PATH_MAX];
		ssize_t n = readlinkat(fd, name ? name : "", target, sizeof target - 1);
		if (n < 0)
			return fail_errno(err, "read the link %s", path);
		target[n] = '\0';
		free(entry->link);
		entry->link = strdup(target);
		if (!entry->link)
			return fail_errno(err, "read the link %s", path);
	}
	if (xattr_read(fd, name, entry, err) < 0)
		return error_prefix(err, "%s", path);
	return 1;
}
