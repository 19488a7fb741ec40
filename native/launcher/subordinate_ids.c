#include "subordinate_ids.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

/* A whole decimal number in 0 … 2^32-2, or false. */
static bool parse_id(const char *text, unsigned long *value)
{
	char *end;
	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*value = strtoul(text, &end, 10);
	return errno == 0 && *end == '\0' && *value <= 4294967294UL;
}

/*
 * The caller's name. /etc/passwd is read by hand: getpwuid() needs NSS modules, which a static program can't load.
 * Users of other databases are known by $USER; newuidmap checks it with NSS, so that a lie gains nothing.
 */
static char *user_name(uid_t uid)
{
	auto_fclose FILE *f = fopen("/etc/passwd", "re");
	auto_free char *line = NULL;
	size_t room = 0;
	while (f && getline(&line, &room, f) > 0) {
		char *rest = line;
		char *name = strsep(&rest, ":");
		strsep(&rest, ":");
		char *id = strsep(&rest, ":");
		unsigned long value;
		if (id && parse_id(id, &value) && value == uid)
			return strdup(name);
	}
	const char *hint = getenv("USER");
	return strdup(hint ? hint : "");
}

size_t subordinate_ranges(const char *file, uid_t uid, struct id_range *ranges)
{
	auto_fclose FILE *f = fopen(file, "re");
	if (!f)
		return 0;
	auto_free char *user = user_name(uid);
	auto_free char *line = NULL;
	size_t room = 0, n = 0;
	while (n < SUBORDINATE_RANGES_MAX && getline(&line, &room, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		char *rest = line;
		char *owner = strsep(&rest, ":");
		char *start = strsep(&rest, ":");
		unsigned long id;
		bool ours = (user && strcmp(owner, user) == 0) || (parse_id(owner, &id) && id == uid);
		if (ours && rest && parse_id(start, &ranges[n].start) && parse_id(rest, &ranges[n].count) &&
		    ranges[n].count > 0)
			n++;
	}
	return n;
}
