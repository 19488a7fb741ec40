#include "unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "path.h"
#include "remove.h"
#include "report.h"

#define DIRECTORY_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
/* Pieces of data that become a hole when they are all zero. */
#define HOLE_MIN (64 * 1024)

/* An entry on its way into the directory that holds it. */
struct place {
	const struct tar_entry *entry;
	const char *path, *base;
	int parent;
	int link_parent; /* where the target of a hard link is */
	const char *link_base;
	bool fresh; /* see metadata_set */
};

void unpack_init(struct unpack *unpack, int root, const char *opaque_xattr)
{
	*unpack = (struct unpack){.prefix = ""};
	target_init(&unpack->target, root, opaque_xattr);
	ownership_init(&unpack->ownership);
}

void unpack_free(struct unpack *unpack)
{
	name_list_free(&unpack->directories);
	free(unpack->directory_times);
	target_free(&unpack->target);
}

char *unpack_path(const struct unpack *unpack, const char *name, struct error *err)
{
	auto_free char *clean = path_from_name(name, err);
	if (!clean || !*unpack->prefix)
		return steal_ptr(&clean);
	char *path;
	if (asprintf(&path, "%s%s%s", unpack->prefix, *clean ? "/" : "", clean) < 0) {
		fail_errno(err, "unpack %s", name);
		return NULL;
	}
	return path;
}

static int remember_directory(struct unpack *unpack, const char *path, const struct tar_entry *entry, struct error *err)
{
	/* Grows by doubling: the count is a power of two exactly when the array is full. */
	size_t count = unpack->directories.count;
	if ((count & (count - 1)) == 0) {
		struct timespec *bigger = reallocarray(unpack->directory_times, count ? count * 2 : 1, sizeof *bigger);
		if (!bigger)
			return fail_errno(err, "unpack %s", path);
		unpack->directory_times = bigger;
	}
	unpack->directory_times[count] = entry->mtime;
	return name_list_add(&unpack->directories, path) < 0 ? fail_errno(err, "unpack %s", path) : 0;
}

/* The system call that makes it. Returns a descriptor for a file, 0 for others, -1 with errno. */
static int create(const struct place *place)
{
	const struct tar_entry *entry = place->entry;
	dev_t device = makedev(entry->device_major, entry->device_minor);
	switch (entry->type) {
	case TAR_FILE:
		return openat(place->parent, place->base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			      entry->mode);
	case TAR_DIRECTORY:
		return mkdirat(place->parent, place->base, entry->mode);
	case TAR_SYMLINK:
		return symlinkat(entry->link, place->parent, place->base);
	case TAR_HARDLINK:
		return linkat(place->link_parent, place->link_base, place->parent, place->base, 0);
	case TAR_FIFO:
		return mknodat(place->parent, place->base, S_IFIFO | entry->mode, 0);
	case TAR_CHARACTER_DEVICE:
		return mknodat(place->parent, place->base, S_IFCHR | entry->mode, device);
	case TAR_BLOCK_DEVICE:
		return mknodat(place->parent, place->base, S_IFBLK | entry->mode, device);
	}
	errno = EINVAL;
	return -1;
}

static bool is_directory(const struct place *place)
{
	struct stat st;
	return fstatat(place->parent, place->base, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* Removes what is in the entry's place. Returns 1 when it was a mounted file, which can only be written over. */
static int make_room(struct unpack *unpack, const struct place *place, bool *whiteout, struct error *err)
{
	bool was_directory = is_directory(place);
	if (unpack->keep_kinds && was_directory)
		return error_set(err, "not-a-directory",
				 "error creating \"%s\": a directory is there, which nothing else replaces: file exists",
				 place->path);
	if (unpack->keep_kinds && place->entry->type == TAR_DIRECTORY)
		return error_set(err, "not-a-directory",
				 "error creating \"%s\": no directory is there, and none replaces it: file exists",
				 place->path);
	if (target_clear(&unpack->target, place->parent, place->base, whiteout, err) == 0)
		return 0;
	return err->errnum == EBUSY && place->entry->type == TAR_FILE && !was_directory ? 1 : -1;
}

static int creation_failed(const struct place *place, struct error *err)
{
	if (place->entry->type != TAR_HARDLINK)
		return fail_errno(err, "make %s", place->path);
	return errno == ENOENT || errno == EPERM || errno == ENOTDIR
		       ? error_errno(err, "corrupt-archive", "hard link %s to %s", place->path, place->entry->link)
		       : fail_errno(err, "hard link %s to %s", place->path, place->entry->link);
}

/* A container may have mounted a pipe, which would hold us up, or a device. */
static int open_mounted(const struct place *place, struct error *err)
{
	auto_close int found = openat(place->parent, place->base, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	if (found < 0 || fstat(found, &st) < 0)
		return creation_failed(place, err);
	if (!S_ISREG(st.st_mode))
		return error_set(err, "io-error", "%s is a mount point, and what is mounted there is not a file", place->path);
	char link[32];
	snprintf(link, sizeof link, "/proc/self/fd/%d", found);
	int fd = open(link, O_WRONLY | O_TRUNC | O_CLOEXEC);
	return fd >= 0 ? fd : creation_failed(place, err);
}

/* Makes the entry, replacing what is there, but a directory by a directory. *hides: it replaced a whiteout. */
static int create_or_replace(struct unpack *unpack, struct place *place, bool *hides, struct error *err)
{
	*hides = false;
	for (int attempt = 0;; attempt++) {
		int fd = create(place);
		if (fd >= 0)
			return fd;
		if (errno != EEXIST || attempt > 0)
			return creation_failed(place, err);
		if (place->entry->type == TAR_DIRECTORY && is_directory(place)) {
			place->fresh = false;
			return 0;
		}
		int result = make_room(unpack, place, hides, err);
		if (result < 0)
			return -1;
		if (result > 0) {
			place->fresh = false;
			return open_mounted(place, err);
		}
	}
}

static int unpack_file(struct unpack *unpack, const struct unpack_data *data, struct place *place, struct error *err)
{
	bool hides;
	unpack->bytes += place->entry->size;
	auto_close int fd = create_or_replace(unpack, place, &hides, err);
	if (fd < 0 || data->write(data->context, fd, place->entry, place->path, err) < 0 ||
	    metadata_set(&unpack->ownership, fd, place->entry, place->fresh, place->path, err) < 0)
		return -1;
	return metadata_set_times(fd, place->entry, place->path, err);
}

static int fill_directory(struct unpack *unpack, int directory, const struct place *place, bool hides,
			  struct error *err)
{
	int fd = directory;
	if (metadata_set(&unpack->ownership, fd, place->entry, place->fresh, place->path, err) < 0 ||
	    (hides && target_set_opaque(&unpack->target, fd, place->path, err) < 0))
		return -1;
	return remember_directory(unpack, place->path, place->entry, err);
}

static int unpack_directory(struct unpack *unpack, struct place *place, struct error *err)
{
	bool hides;
	if (create_or_replace(unpack, place, &hides, err) < 0)
		return -1;
	auto_close int fd = openat(place->parent, place->base, DIRECTORY_FLAGS);
	if (fd < 0)
		return fail_errno(err, "open directory %s", place->path);
	if (fill_directory(unpack, fd, place, hides, err) < 0)
		return -1;
	target_enter(&unpack->target, place->path, steal_fd(&fd));
	return 0;
}

static int unpack_root(struct unpack *unpack, const struct tar_entry *entry, struct error *err)
{
	if (entry->type != TAR_DIRECTORY)
		return error_set(err, "unsafe-path", "%s would replace the target directory itself", entry->path);
	struct place place = {.entry = entry, .path = ""};
	auto_close int fd = open_in_root(unpack->target.root, ".", DIRECTORY_FLAGS, 0);
	if (fd < 0)
		return fail_errno(err, "open the target directory");
	return fill_directory(unpack, fd, &place, false, err);
}

/* Its target is a name in the archive, so it lies below the same root. Metadata are those of the target. */
static int unpack_hardlink(struct unpack *unpack, struct place *place, struct error *err)
{
	auto_free char *target = unpack_path(unpack, place->entry->link, err);
	if (!target)
		return -1;
	if (strcmp(target, place->path) == 0)
		return 0;
	size_t length;
	place->link_base = path_base(target, &length);
	auto_free char *parent_path = strndup(target, length);
	if (!parent_path)
		return fail_errno(err, "hard link %s", place->path);
	auto_close int parent = open_in_root(unpack->target.root, length ? parent_path : ".", O_PATH | O_DIRECTORY, 0);
	if (parent < 0 || *place->link_base == '\0')
		return creation_failed(place, err);
	place->link_parent = parent;
	bool hides;
	return create_or_replace(unpack, place, &hides, err) < 0 ? -1 : 0;
}

static int unpack_special(struct unpack *unpack, struct place *place, struct error *err)
{
	bool hides;
	if (create_or_replace(unpack, place, &hides, err) < 0) {
		/* A user namespace can't have devices; images that bring some work without. */
		bool device = place->entry->type == TAR_CHARACTER_DEVICE || place->entry->type == TAR_BLOCK_DEVICE;
		return device && err->errnum == EPERM ? 0 : -1;
	}
	return metadata_set_at(&unpack->ownership, place->parent, place->base, place->entry, place->fresh, place->path,
			       err);
}

int unpack_entry(struct unpack *unpack, const struct unpack_data *data, const struct tar_entry *entry, const char *path,
		 struct error *err)
{
	if (*path == '\0')
		return unpack_root(unpack, entry, err);
	struct place place = {.entry = entry, .path = path};
	place.parent = target_parent(&unpack->target, path, &place.base, err);
	if (place.parent < 0)
		return -1;
	place.fresh = !unpack->target.parent_special;
	switch (entry->type) {
	case TAR_FILE:
		return unpack_file(unpack, data, &place, err);
	case TAR_DIRECTORY:
		return unpack_directory(unpack, &place, err);
	case TAR_HARDLINK:
		return unpack_hardlink(unpack, &place, err);
	default:
		return unpack_special(unpack, &place, err);
	}
}

int unpack_finish(struct unpack *unpack, struct error *err)
{
	target_forget(&unpack->target);
	for (size_t i = 0; i < unpack->directories.count; i++) {
		const char *path = unpack->directories.names[i];
		const struct timespec times[2] = {unpack->directory_times[i], unpack->directory_times[i]};
		auto_close int fd = open_in_root(unpack->target.root, *path ? path : ".", DIRECTORY_FLAGS, 0);
		/* A later entry may have taken its place. */
		if (fd >= 0 && futimens(fd, times) < 0)
			return fail_errno(err, "set the time of %s", path);
	}
	return 0;
}

static bool is_zero(const uint8_t *data, size_t length)
{
	return data[0] == 0 && memcmp(data, data + 1, length - 1) == 0;
}

static int write_from_archive(void *context, int fd, const struct tar_entry *entry, const char *path, struct error *err)
{
	const uint8_t *data;
	size_t length;
	uint64_t offset, at = 0;
	int result;
	while ((result = tar_data(context, entry, &data, &length, &offset, err)) > 0) {
		/* An archive of zeros, a few kilobytes when compressed, shall not fill the disk. */
		if (length >= HOLE_MIN && is_zero(data, length))
			continue;
		if ((offset != at && lseek(fd, (off_t)offset, SEEK_SET) < 0) || write_full(fd, data, length) < 0)
			return fail_errno(err, "write %s", path);
		at = offset + length;
	}
	if (result == 0 && at != entry->size && ftruncate(fd, (off_t)entry->size) < 0)
		return fail_errno(err, "write %s", path);
	return result;
}

int unpack_archive(struct unpack *unpack, tar_source *source, void *context, unpack_visit *visit, struct error *err)
{
	struct tar_reader reader;
	struct tar_entry entry = {0};
	const struct unpack_data data = {.write = write_from_archive, .context = &reader};
	tar_reader_init(&reader, source, context);
	int result;
	while ((result = tar_next(&reader, &entry, err)) > 0) {
		unpack->entries++;
		result = visit(unpack, &data, &entry, err);
		if (result < 0)
			break;
	}
	tar_entry_free(&entry);
	tar_reader_free(&reader);
	return result < 0 ? -1 : unpack_finish(unpack, err);
}
