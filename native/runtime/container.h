/* What the steps of making one container share. */
#ifndef CORACLE_RUNTIME_CONTAINER_H
#define CORACLE_RUNTIME_CONTAINER_H

#include "runtime.h"
#include "seccomp.h"
#include "spec.h"
#include "state.h"

struct container {
	const struct runtime_options *options;
	struct spec spec;
	struct state state;
	struct seccomp_program seccomp;
	int bundle;    /* directory */
	int state_dir; /* directory */
	int cgroup;    /* directory or -1 */
	int scope;     /* pid that keeps a systemd scope alive, or -1 */
	int gate;      /* where init waits for its start */
	int sync;      /* init's end to the process that makes it */
	int devices;   /* a mount with those that devices_prepare() has made, or -1 */
	int root;      /* the rootfs, in init */
	int proc;      /* the host's /proc, in init */
};

#endif
