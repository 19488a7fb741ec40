#include "path.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static int climb(char *out, size_t *length)
{
	if (*length == 0)
		return -1;
	while (*length > 0 && out[*length - 1] != '/')
		--*length;
	if (*length > 0)
		--*length;
	return 0;
}

char *path_from_name(const char *name, struct error *err)
{
	size_t room = strlen(name), length = 0;
	/* The kernel takes no longer ones. */
	if (room >= PATH_MAX) {
		error_set(err, "unsafe-path", "a path of %zu bytes is too long: %.60s…", room, name);
		return NULL;
	}
	char *out = malloc(room + 1);
	if (!out) {
		error_set(err, "io-error", "read the path %s: out of memory", name);
		return NULL;
	}
	for (const char *p = name; *p;) {
		size_t n = strcspn(p, "/");
		if (n == 2 && memcmp(p, "..", 2) == 0) {
			if (climb(out, &length) < 0 && name[0] != '/') {
				error_set(err, "unsafe-path", "%s is outside of the target directory", name);
				free(out);
				return NULL;
			}
		} else if (n > 0 && !(n == 1 && *p == '.')) {
			if (length > 0)
				out[length++] = '/';
			memmove(out + length, p, n);
			length += n;
		}
		p += n;
		p += strspn(p, "/");
	}
	out[length] = '\0';
	return out;
}

const char *path_base(const char *path, size_t *parent_length)
{
	const char *slash = strrchr(path, '/');
	*parent_length = slash ? (size_t)(slash - path) : 0;
	return slash ? slash + 1 : path;
}

long path_push(struct path *path, const char *name, struct error *err)
{
	size_t n = strlen(name), needed = path->length + n + 2;
	if (needed > path->room) {
		size_t room = needed * 2;
		char *bigger = realloc(path->text, room);
		if (!bigger)
			return error_set(err, "io-error", "read %s: out of memory", name);
		path->text = bigger;
		path->room = room;
	}
	long before = (long)path->length;
	if (path->length > 0)
		path->text[path->length++] = '/';
	memcpy(path->text + path->length, name, n + 1);
	path->length += n;
	return before;
}

void path_pop(struct path *path, long length)
{
	path->length = (size_t)length;
	path->text[length] = '\0';
}

const char *path_text(const struct path *path)
{
	return path->length > 0 ? path->text : ".";
}
