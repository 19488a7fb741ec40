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

static int namespace_of(const char *name)
{
	static const char *const ipc[] = {"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem",
					  "kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced"};
	if (strncmp(name, "net.", 4) == 0)
		return NS_NETWORK;
	if (strncmp(name, "fs.mqueue.", 10) == 0)
		return NS_IPC;
	if (strcmp(name, "kernel.domainname") == 0 || strcmp(name, "kernel.hostname") == 0)
		return NS_UTS;
	for (size_t i = 0; i < sizeof ipc / sizeof *ipc; i++)
		if (strcmp(ipc[i], name) == 0)
			return NS_IPC;
	return -1;
}

/* Dots separate the parts; nothing else that could lead out of the directory. */
static bool well_formed(const char *name)
{
	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_-.", *p))
			return false;
	return *name && *name != '.' && !strstr(name, "..");
}

int sysctl_check(const struct spec *spec, struct error *err)
{
	const char *name;
	json_t *value;
	json_object_foreach(spec->sysctl, name, value)
	{
		int kind = well_formed(name) ? namespace_of(name) : -1;
		if (kind < 0)
			return error_set(err, "bad-config", "linux.sysctl: `%s` is not a setting of a namespace; it "
							    "would change the host", name);
		if (spec->namespaces[kind].use == NS_HOST)
			return error_set(err, "bad-config", "linux.sysctl: `%s` needs a %s namespace of the container",
					 name, namespace_kinds[kind].name);
		if (!json_is_string(value) || strchr(json_string_value(value), '\n'))
			return error_set(err, "bad-config", "linux.sysctl: the value of `%s` must be one line", name);
	}
	return 0;
}

static int apply(const char *name, const char *value, int proc)
{
	/* The files of these two belong to the host's root, the settings to us. */
	if (strcmp(name, "kernel.domainname") == 0)
		return setdomainname(value, strlen(value));
	if (strcmp(name, "kernel.hostname") == 0)
		return sethostname(value, strlen(value));
	auto_free char *path = NULL;
	if (asprintf(&path, "sys/%s", name) < 0)
		return -1;
	for (char *p = path; *p; p++)
		if (*p == '.')
			*p = '/';
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
