/* chown: gives a tree to a user. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands.h"
#include "report.h"
#include "walk.h"

struct owner {
	uid_t uid;
	gid_t gid;
};

static int visit(void *context, const struct walk_entry *entry, struct error *err)
{
	const struct owner *owner = context;
	/* A chown takes set-id bits and capabilities away: what belongs to the user already is left alone. */
	if (entry->st.st_uid == owner->uid && entry->st.st_gid == owner->gid)
		return 0;
	if (fchownat(entry->parent, entry->name, owner->uid, owner->gid, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT)
		return fail_errno(err, "change the owner of %s", entry->path);
	return 0;
}

int chown_command(int argc, char **argv, struct error *err)
{
	static const struct option options[] = {
		{"dir", required_argument, NULL, 'd'},
		{"uid", required_argument, NULL, 'u'},
		{"gid", required_argument, NULL, 'g'},
		{"unless-done", no_argument, NULL, 'n'},
		{NULL, 0, NULL, 0},
	};
	const char *path = NULL;
	bool unless_done = false;
	unsigned long long uid = (uid_t)-1, gid = (gid_t)-1;
	int option;
	while ((option = option_next(argc, argv, options, err)) >= 0) {
		if (option == 'd')
			path = optarg;
		else if (option == 'n')
			unless_done = true;
		else if (option == 'u' && option_number("uid", optarg, (uid_t)-2, &uid, err) < 0)
			return -1;
		else if (option == 'g' && option_number("gid", optarg, (gid_t)-2, &gid, err) < 0)
			return -1;
	}
	if (option == -2)
		return -1;
	if (!path || uid == (uid_t)-1 || gid == (gid_t)-1)
		return error_set(err, "usage", "usage: coracle-layer chown --dir DIR --uid N --gid N [--unless-done]");
	struct owner owner = {.uid = (uid_t)uid, .gid = (gid_t)gid};
	auto_close int directory = option_directory(path, err);
	if (directory < 0)
		return -1;
	struct stat st;
	if (fstat(directory, &st) < 0)
		return fail_errno(err, "look at %s", path);
	/* The directory comes last: its owner tells whether all in it has been given away. */
	if (!unless_done || st.st_uid != owner.uid || st.st_gid != owner.gid) {
		if (walk(directory, visit, &owner, err) < 0)
			return -1;
		if (fchown(directory, owner.uid, owner.gid) < 0)
			return fail_errno(err, "change the owner of %s", path);
	}
	puts("{}");
	return 0;
}
