#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "cleanup.h"
#include "file.h"
#include "keeper.h"
#include "signals.h"

#define TIMEOUT_MS 60000
#define ANSWER_MAX (1U << 20)

/* Files, not pipes: aardvark-dns, which it leaves behind, may keep them open. */
static void exec_netavark(const struct keeper *keeper, const char *verb, bool guarded, int in, int out, int netns)
{
	const struct bridge_config *bridge = &keeper->launch->config->bridge;
	const char *argv[] = {bridge->netavark, "--config", bridge->directory, "--rootless", "true", "--aardvark-binary",
			      bridge->aardvark, verb, "/proc/self/fd/3", NULL};
	int copies[3] = {fcntl(in, F_DUPFD_CLOEXEC, 10), fcntl(out, F_DUPFD_CLOEXEC, 10), fcntl(netns, F_DUPFD_CLOEXEC, 10)};
	signals_reset();
	keeper_environment(keeper);
	/* Never firewalld: it rules the host's namespace, not ours. */
	setenv("NETAVARK_FW", !guarded && keeper->firewall == FIREWALL_NONE ? "none" : "iptables", 1);
	child_place_fd(copies[0], 0);
	child_place_fd(copies[1], 1);
	child_place_fd(copies[1], 2);
	if (keeper_enter(keeper) < 0) {
		dprintf(1, "enter the network namespace of the bridges: %s", strerror(errno));
		_exit(1);
	}
	child_place_fd(copies[2], 3);
	cloexec_from(4);
	execv(argv[0], (char *const *)argv);
	dprintf(1, "exec: %s", strerror(errno));
	_exit(127);
}

static int wait_for(pid_t pid)
{
	auto_close int process = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd poller = {.fd = process, .events = POLLIN};
	if (process >= 0 && poll(&poller, 1, TIMEOUT_MS) <= 0)
		kill(pid, SIGKILL);
	return child_wait(pid);
}

/* Its own words: {"error": "…"}, or whatever it printed. */
static int explain(int out, const char *verb, struct error *err)
{
	auto_free char *text = calloc(1, ANSWER_MAX + 1);
	ssize_t n = text && lseek(out, 0, SEEK_SET) == 0 ? read_full(out, text, ANSWER_MAX) : -1;
	if (n < 0)
		return error_set(err, "network-failed", "netavark %s failed", verb);
	const char *line = strstr(text, "{\"error\"");
	json_t *answer = line ? json_loads(line, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
	const char *message = json_string_value(json_object_get(answer, "error"));
	if (!message)
		message = text[0] ? text : "was ended by a signal";
	error_set(err, "network-failed", "netavark: %s", message);
	json_decref(answer);
	for (char *end = err->message + strlen(err->message); end > err->message && end[-1] == '\n';)
		*--end = '\0';
	return -1;
}

static int run(const struct keeper *keeper, const char *verb, json_t *config, bool guarded, int netns, struct error *err)
{
	auto_free char *text = json_dumps(config, JSON_COMPACT);
	auto_close int in = memfd_create("netavark-in", MFD_CLOEXEC);
	auto_close int out = memfd_create("netavark-out", MFD_CLOEXEC);
	if (!text || in < 0 || out < 0 || write_full(in, text, strlen(text)) < 0 || lseek(in, 0, SEEK_SET) < 0)
		return error_errno(err, "network-failed", "ask netavark");
	pid_t pid = fork();
	if (pid == 0)
		exec_netavark(keeper, verb, guarded, in, out, netns);
	if (pid < 0)
		return error_errno(err, "network-failed", "run netavark");
	return wait_for(pid) < 0 ? explain(out, verb, err) : 0;
}

int keeper_netavark(const struct keeper *keeper, const char *verb, json_t *config, int netns, struct error *err)
{
	int rc = 0;
	for (int guarded = 0; guarded < 2; guarded++) {
		json_t *part = keeper_rules_part(keeper, config, guarded);
		/* Of what is taken away, as much as possible. */
		if (part && run(keeper, verb, part, guarded, netns, err) < 0)
			rc = -1;
		json_decref(part);
	}
	return rc;
}

pid_t keeper_aardvark_pid(const struct keeper *keeper)
{
	size_t length;
	auto_free char *text = read_file_at(keeper->directory, "aardvark-dns/aardvark.pid", 32, &length);
	return text ? atoi(text) : 0;
}

/* Until it has said who it is: netavark would start a second one. */
static void await_aardvark(const struct keeper *keeper, pid_t before)
{
	for (int i = 0; i < 1000; i++) {
		pid_t pid = keeper_aardvark_pid(keeper);
		if (pid > 0 && pid != before && kill(pid, 0) == 0)
			return;
		nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
	}
}

void keeper_start_aardvark(const struct keeper *keeper)
{
	pid_t before = keeper_aardvark_pid(keeper);
	char directory[PATH_MAX];
	const struct bridge_config *bridge = &keeper->launch->config->bridge;
	const char *argv[] = {bridge->aardvark, "--config", directory, "-p", "53", "run", NULL};
	snprintf(directory, sizeof directory, "%s/aardvark-dns", bridge->directory);
	if (fork() != 0) {
		await_aardvark(keeper, before);
		return;
	}
	signals_reset();
	keeper_environment(keeper);
	cloexec_from(3);
	if (keeper_enter(keeper) == 0)
		execv(argv[0], (char *const *)argv);
	_exit(127);
}
