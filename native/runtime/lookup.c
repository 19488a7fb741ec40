#include "lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define PASSWD_MAX (1 << 20)

static const char *variable(char *const *env, const char *name)
{
	size_t length = strlen(name);
	for (; *env; env++)
		if (strncmp(*env, name, length) == 0 && (*env)[length] == '=')
			return *env + length + 1;
	return NULL;
}

/* 0, or -1 with errno: EACCES for what is there but can't be executed. */
static int check_executable(const char *path)
{
	struct stat st;
	if (stat(path, &st) < 0)
		return -1;
	if (S_ISREG(st.st_mode) && (st.st_mode & 0111))
		return 0;
	errno = EACCES;
	return -1;
}

/* In crun's words, path or not: scripts know them. */
static void not_found(struct error *err, const char *name)
{
	errno = ENOENT;
	error_errno(err, "command-not-found", "executable file `%s` not found in $PATH", name);
	err->exit_code = 127;
}

static void not_executable(struct error *err, const char *name, int errnum)
{
	errno = errnum;
	error_errno(err, "not-executable", "executable file `%s` is not executable", name);
	err->exit_code = 126;
}

char *lookup_executable(const char *name, char *const *env, struct error *err)
{
	int denied = 0;
	if (strchr(name, '/')) {
		if (check_executable(name) == 0)
			return strdup(name);
		if (errno == ENOENT || errno == ENOTDIR)
			not_found(err, name);
		else
			not_executable(err, name, errno);
		return NULL;
	}
	const char *path = variable(env, "PATH");
	for (const char *p = path && *path ? path : DEFAULT_PATH; *name; p++) {
		size_t length = strcspn(p, ":");
		char *candidate;
		if (asprintf(&candidate, "%.*s/%s", length ? (int)length : 1, length ? p : ".", name) < 0)
			break;
		if (check_executable(candidate) == 0)
			return candidate;
		if (errno == EACCES)
			denied = EACCES;
		free(candidate);
		p += length;
		if (!*p)
			break;
	}
	if (denied)
		not_executable(err, name, denied);
	else
		not_found(err, name);
	return NULL;
}

/* The file is the image's: it may be a link, a pipe or endless. */
static char *read_passwd(void)
{
	auto_close int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_close int fd = root < 0 ? -1 : open_in_root(root, "/etc/passwd", O_RDONLY | O_NONBLOCK, 0);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > PASSWD_MAX)
		return NULL;
	char *text = malloc((size_t)st.st_size + 1);
	ssize_t n = text ? read_full(fd, text, (size_t)st.st_size) : -1;
	if (n < 0) {
		free(text);
		return NULL;
	}
	text[n] = '\0';
	return text;
}

static char *find_home(uid_t uid)
{
	auto_free char *text = read_passwd();
	char *rest = text;
	for (char *line; rest && (line = strsep(&rest, "\n"));) {
		char *fields[6];
		int count = 0;
		while (count < 6 && (fields[count] = strsep(&line, ":")))
			count++;
		char *end;
		if (count == 6 && *fields[2] && strtoul(fields[2], &end, 10) == uid && *end == '\0' && *fields[5])
			return strdup(fields[5]);
	}
	return strdup(uid == 0 ? "/root" : "/");
}

/* The later assignment wins, in the place of the first: getenv(3) would find that one. */
static void assign(char **env, size_t *count, char *assignment)
{
	size_t length = strcspn(assignment, "=") + 1, i = 0;
	while (i < *count && strncmp(env[i], assignment, length) != 0)
		i++;
	env[i] = assignment;
	if (i == *count)
		++*count;
}

static int assign_text(char **env, size_t *count, const char *name, const char *value)
{
	char *assignment;
	if (asprintf(&assignment, "%s=%s", name, value) < 0)
		return -1;
	assign(env, count, assignment);
	return 0;
}

char **lookup_environment(const struct process_spec *process, unsigned listen_fds)
{
	size_t given = 0, count = 0;
	char number[16];
	while (process->env[given])
		given++;
	auto_free char **env = calloc(given + 4, sizeof *env);
	if (!env)
		return NULL;
	for (size_t i = 0; i < given; i++)
		assign(env, &count, process->env[i]);
	const char *home = variable(env, "HOME");
	auto_free char *directory = home && *home ? NULL : find_home(process->uid);
	if (directory && assign_text(env, &count, "HOME", directory) < 0)
		return NULL;
	/* sd_listen_fds(3) compares the pid; a container's program is the first in its pid namespace. */
	if (listen_fds > 0) {
		snprintf(number, sizeof number, "%u", listen_fds);
		if (assign_text(env, &count, "LISTEN_FDS", number) < 0)
			return NULL;
		snprintf(number, sizeof number, "%d", (int)getpid());
		if (assign_text(env, &count, "LISTEN_PID", number) < 0)
			return NULL;
	}
	return steal_ptr(&env);
}
