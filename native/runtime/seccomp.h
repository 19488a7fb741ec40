/* linux.seccomp as a compiled BPF program, cached below the state root since libseccomp takes milliseconds. */
#ifndef CORACLE_RUNTIME_SECCOMP_H
#define CORACLE_RUNTIME_SECCOMP_H

#include <jansson.h>
#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"

struct seccomp_program {
	struct sock_filter *filter;
	unsigned short length; /* 0: no filter */
	unsigned flags;        /* SECCOMP_FILTER_FLAG_* */
	const char *listener_path, *listener_metadata;
};

/* `root` is the state directory of all containers; -1: no cache. */
int seccomp_prepare(json_t *config, int root, struct seccomp_program *program, struct error *err);
void seccomp_free(struct seccomp_program *program);
/* Installs it in the calling process; sets *listener to the notification descriptor or -1. */
int seccomp_install(const struct seccomp_program *program, int *listener, struct error *err);

/* Compiles with libseccomp; used on a cache miss. */
int seccomp_compile(json_t *config, struct seccomp_program *program, struct error *err);

/* libseccomp's token of `SCMP_ARCH_…`, 0 for what it doesn't know. */
uint32_t seccomp_architecture(const char *name);
/*
 * Puts before the program that calls newer than all that the configuration names end with ENOSYS, not with its default
 * action: C libraries try them and go on with older ones, which EPERM would keep them from.
 */
int seccomp_pass_newer(json_t *config, struct seccomp_program *program, struct error *err);

#endif
