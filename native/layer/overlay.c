#include "overlay.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cleanup.h"
#include "xattr.h"

bool overlay_is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

/* What one layer says about a path. */
enum answer { YES, NO, ASK_BELOW };

static enum answer ask(int layer, const char *path)
{
	auto_close int directory = fcntl(layer, F_DUPFD_CLOEXEC, 0);
	bool opaque = false;
	while (directory >= 0) {
		size_t length = strcspn(path, "/");
		char name[NAME_MAX + 1];
		struct stat st;
		if (length > NAME_MAX)
			return NO;
		memcpy(name, path, length);
		name[length] = '\0';
		/* Below an opaque directory nothing else counts. */
		if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return opaque ? NO : ASK_BELOW;
		if (!S_ISDIR(st.st_mode))
			return NO;
		if (path[length] == '\0')
			return YES;
		path += length + 1;
		int next = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		close(directory);
		directory = next;
		opaque = opaque || (next >= 0 && xattr_is_opaque(next));
	}
	return NO;
}

bool overlay_has_directory(const int *layers, size_t count, const char *path)
{
	for (size_t i = 0; i < count; i++) {
		enum answer answer = ask(layers[i], path);
		if (answer != ASK_BELOW)
			return answer == YES;
	}
	return false;
}
