#include "privileges.h"

#include <asm/termbits.h>
#include <linux/capability.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "confine.h"

#define SET(capability) (1ULL << (capability))
#define ANY(name) {SYS_##name, 0, 0}
#define WITH(name, argument, value) {SYS_##name, argument, value}
#define COUNT(list) (sizeof(list) / sizeof *(list))

/* Of our own runtime, the programs of the network, and the engine that removes a container with --rm. */
static const uint64_t of_the_runtime =
	SET(CAP_CHOWN) | SET(CAP_DAC_OVERRIDE) | SET(CAP_FOWNER) | SET(CAP_FSETID) | SET(CAP_KILL) | SET(CAP_SETGID) |
	SET(CAP_SETUID) | SET(CAP_SETPCAP) | SET(CAP_NET_BIND_SERVICE) | SET(CAP_NET_ADMIN) | SET(CAP_NET_RAW) |
	SET(CAP_SYS_CHROOT) | SET(CAP_SYS_PTRACE) | SET(CAP_SYS_ADMIN) | SET(CAP_SYS_NICE) | SET(CAP_SYS_RESOURCE) |
	SET(CAP_MKNOD) | SET(CAP_SETFCAP);

/* Memory without code, time, signals, the end, and bytes through what is open. */
#define EVERYBODY                                                                                                       \
	ANY(read), ANY(write), ANY(sendto), ANY(recvfrom), ANY(sendmsg), ANY(recvmsg), ANY(writev), ANY(close), ANY(fcntl), \
		ANY(brk), WITH(mmap, 3, PROT_READ | PROT_WRITE), ANY(munmap), ANY(mremap), ANY(madvise), ANY(clock_gettime), ANY(rt_sigaction),         \
		ANY(rt_sigprocmask), ANY(rt_sigreturn), ANY(restart_syscall), ANY(getpid), ANY(exit), ANY(exit_group),        \
		ANY(fstat), ANY(newfstatat)

/* To the terminal only what sets it up: nothing is typed into it (TIOCSTI). */
static const struct confine_call relay_calls[] = {
	EVERYBODY,
	WITH(ioctl, 2, TCGETS),
	WITH(ioctl, 2, TIOCGWINSZ),
	WITH(ioctl, 2, TIOCGPGRP),
	WITH(ioctl, 2, TCSETS),
	WITH(ioctl, 2, TCSETSW),
	WITH(ioctl, 2, TCSETSF),
	ANY(ppoll),
#ifdef SYS_poll
	ANY(poll),
	ANY(getpgrp),
#endif
	ANY(getpgid),
};

static const struct confine_call forwarder_calls[] = {
	EVERYBODY,
	/* Not to the sockets that are files. */
	WITH(socket, 1, AF_INET),
	WITH(socket, 1, AF_INET6),
	ANY(connect),
	ANY(accept4),
	ANY(shutdown),
	ANY(getsockopt),
	ANY(setsockopt),
	ANY(pipe2),
	ANY(splice),
	ANY(epoll_ctl),
	ANY(epoll_pwait),
#ifdef SYS_epoll_wait
	ANY(epoll_wait),
#endif
};

static const struct confine_call session_calls[] = {
	EVERYBODY,
	WITH(ioctl, 2, TIOCSWINSZ),
	ANY(accept4),
	ANY(shutdown),
	ANY(getsockopt),
	ANY(epoll_ctl),
	ANY(epoll_pwait),
#ifdef SYS_epoll_wait
	ANY(epoll_wait),
#endif
	ANY(geteuid), /* of whoever connects */
	/* The process, and what is written of it: status.json, the event log. */
	ANY(kill),
	ANY(wait4),
	ANY(openat),
	ANY(pwrite64),
	ANY(ftruncate),
	ANY(fsync),
#ifdef SYS_rename
	ANY(rename),
#endif
	ANY(renameat),
	ANY(unlinkat),
};

int privileges_of_container(const struct config *config, struct error *err)
{
	uint64_t keep = of_the_runtime | config->capabilities;
	/* Rules of the real root's bridges may need a module of the kernel's that isn't loaded yet. */
	if (config->network == NETWORK_BRIDGE)
		keep |= SET(CAP_SYS_MODULE);
	if (config->bounded && (confine_bounding_set(keep, err) < 0 || confine_capabilities(keep, err) < 0))
		return -1;
	return config->no_new_privileges ? confine_no_new_privileges(err) : 0;
}

static int confine(uint64_t keep, const struct confine_call *calls, size_t count, struct error *err)
{
	if (confine_capabilities(keep, err) < 0 || confine_no_new_privileges(err) < 0)
		return -1;
	return confine_calls(calls, count, err);
}

int privileges_of_session(struct error *err)
{
	/* Its process may be another user's. */
	return confine(SET(CAP_KILL), session_calls, COUNT(session_calls), err);
}

int privileges_of_relay(struct error *err)
{
	return confine(0, relay_calls, COUNT(relay_calls), err);
}

int privileges_of_forwarder(struct error *err)
{
	return confine(0, forwarder_calls, COUNT(forwarder_calls), err);
}
