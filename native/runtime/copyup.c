#include "copyup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "cleanup.h"

static int copy_directory(int from, int to);

static int copy_data(int from, int to)
{
	ssize_t n;
	while ((n = sendfile(to, from, NULL, 1 << 20)) > 0)
		;
	return n < 0 ? -1 : 0;
}

static int copy_entry(int from, int to, const char *name)
{
	struct stat st;
	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	if (S_ISLNK(st.st_mode)) {
		char target[PATH_MAX];
		ssize_t n = readlinkat(from, name, target, sizeof target - 1);
		if (n < 0)
			return -1;
		target[n] = '\0';
		if (symlinkat(target, to, name) < 0)
			return -1;
	} else if (S_ISDIR(st.st_mode)) {
		if (mkdirat(to, name, 0700) < 0)
			return -1;
		auto_close int source = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		auto_close int target = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (source < 0 || target < 0 || copy_directory(source, target) < 0)
			return -1;
	} else if (S_ISREG(st.st_mode)) {
		auto_close int source = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		auto_close int target = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (source < 0 || target < 0 || copy_data(source, target) < 0)
			return -1;
	} else if (mknodat(to, name, st.st_mode & S_IFMT, st.st_rdev) < 0) {
		return errno == EPERM ? 0 : -1; /* a device node, in a user namespace */
	}
	if (fchownat(to, name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    (!S_ISLNK(st.st_mode) && fchmodat(to, name, st.st_mode & 07777, 0) < 0))
		return -1;
	const struct timespec times[2] = {st.st_atim, st.st_mtim};
	return utimensat(to, name, times, AT_SYMLINK_NOFOLLOW);
}

static int copy_directory(int from, int to)
{
	int copy = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *entries = copy < 0 ? NULL : fdopendir(copy);
	if (!entries)
		return -1;
	for (struct dirent *entry; (entry = readdir(entries));)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    copy_entry(from, to, entry->d_name) < 0)
			return -1;
	return 0;
}

int copy_up(int from, int to, bool keep_owner, bool keep_mode, struct error *err)
{
	struct stat st;
	if (copy_directory(from, to) < 0)
		return error_errno(err, "runtime-failed", "copy");
	if (fstat(from, &st) < 0 || (!keep_owner && fchownat(to, ".", st.st_uid, st.st_gid, 0) < 0) ||
	    (!keep_mode && fchmodat(to, ".", st.st_mode & 07777, 0) < 0))
		return error_errno(err, "runtime-failed", "set mode and owner");
	return 0;
}
