#include "sysctl.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "procfs.h"

/*
 * The file below /proc/sys, malloc'ed. As sysctl(8) has it, whichever of `.` and `/` comes first separates the parts, and the
 * other stands for a dot in one.
 */
static char *file_of(const char *name)
{
	char *file = strdup(name), *first = file ? strpbrk(file, "./") : NULL;
	if (first && *first == '.')
		for (char *p = file; *p; p++)
			*p = *p == '.' ? '/' : *p == '/' ? '.' : *p;
	return file;
}

/* Parts that lead nowhere else. */
static bool well_formed(const char *file)
{
	for (const char *part = file;; part++) {
		size_t length = strcspn(part, "/");
		if (length == 0 || strspn(part, ".") >= length)
			return false;
		for (size_t i = 0; i < length; i++)
			if (!isalnum((unsigned char)part[i]) && !strchr("_-.", part[i]))
				return false;
		part += length;
		if (!*part)
			return true;
	}
}

static int namespace_of(const char *file)
{
	static const char *const ipc[] = {"kernel/msgmax", "kernel/msgmnb", "kernel/msgmni", "kernel/sem",
					  "kernel/shmall", "kernel/shmmax", "kernel/shmmni", "kernel/shm_rmid_forced"};
	if (!well_formed(file))
		return -1;
	if (strncmp(file, "net/", 4) == 0)
		return NS_NETWORK;
	if (strncmp(file, "fs/mqueue/", 10) == 0)
		return NS_IPC;
	if (strcmp(file, "kernel/domainname") == 0 || strcmp(file, "kernel/hostname") == 0)
		return NS_UTS;
	for (size_t i = 0; i < sizeof ipc / sizeof *ipc; i++)
		if (strcmp(ipc[i], file) == 0)
			return NS_IPC;
	return -1;
}

int sysctl_check(const struct spec *spec, struct error *err)
{
	const char *name;
	json_t *value;
	json_object_foreach(spec->sysctl, name, value)
	{
		auto_free char *file = file_of(name);
		int kind = file ? namespace_of(file) : -1;
		if (kind < 0)
			return error_set(err, "bad-config", "linux.sysctl: `%s` is not a setting of a namespace; it "
							    "would change the host", name);
		if (spec->namespaces[kind].use == NS_HOST)
			return error_set(err, "bad-config", "linux.sysctl: `%s` needs a %s namespace of the container",
					 name, namespace_kinds[kind].name);
		const char *text = json_string_value(value);
		if (!text || strchr(text, '\n'))
			return error_set(err, "bad-config", "linux.sysctl: the value of `%s` must be one line", name);
		/* As runc and crun have it. */
		if (strcmp(file, "kernel/hostname") == 0)
			return error_set(err, "bad-config", "linux.sysctl: `%s`: use `hostname` of config.json", name);
		if (strcmp(file, "kernel/domainname") == 0 && spec->domainname && strcmp(text, spec->domainname) != 0)
			return error_set(err, "bad-config", "linux.sysctl: `%s` is not what `domainname` says", name);
	}
	return 0;
}

static int apply(const char *name, const char *value, int proc)
{
	auto_free char *file = file_of(name), *path = NULL;
	if (!file || asprintf(&path, "sys/%s", file) < 0)
		return -1;
	/* The file belongs to the host's root, the setting to us. */
	if (strcmp(file, "kernel/domainname") == 0)
		return setdomainname(value, strlen(value));
	auto_close int fd = procfs_open(proc, path, O_WRONLY);
	return fd < 0 || write(fd, value, strlen(value)) < 0 ? -1 : 0;
}

int sysctl_apply(const struct spec *spec, int proc, struct error *err)
{
	const char *name;
	json_t *value;
	json_object_foreach(spec->sysctl, name, value)
	{
		if (apply(name, json_string_value(value), proc) < 0)
			return error_errno(err, "runtime-failed", "set sysctl %s to `%s`", name,
					   json_string_value(value));
	}
	return 0;
}
