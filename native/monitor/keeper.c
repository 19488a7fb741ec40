#include "keeper.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "cleanup.h"
#include "descriptors.h"
#include "file.h"
#include "setup.h"
#include "signals.h"
#include "socket_path.h"

#define MEMBERS_MAX 1024
/* Who has started us connects at once. */
#define FIRST_MEMBER_MS 10000

/* The monitor of a container that is on a bridge. */
struct member {
	int fd, netns;
	json_t *config; /* what has been made for it; NULL: nothing yet */
};

static struct keeper keeper;
static struct member members[MEMBERS_MAX];
static size_t member_count;
static struct error broken; /* why there is no network; no code: there is one */

static bool same_file(int a, int b)
{
	struct stat one, other;
	return a >= 0 && b >= 0 && fstat(a, &one) == 0 && fstat(b, &other) == 0 && one.st_ino == other.st_ino &&
	       one.st_dev == other.st_dev;
}

/* The part of a netavark configuration that is about the networks of `wanted` that `other` doesn't have. NULL: none. */
static json_t *difference(json_t *wanted, json_t *other)
{
	const char *name;
	json_t *network, *result = json_copy(wanted), *networks = json_object(), *records = json_object();
	json_t *others = json_object_get(other, "networks"), *known = json_object_get(wanted, "network_info");
	json_object_foreach(json_object_get(wanted, "networks"), name, network) {
		if (json_object_get(others, name))
			continue;
		json_object_set(networks, name, network);
		json_object_set(records, name, json_object_get(known, name));
	}
	size_t count = json_object_size(networks);
	int failed = json_object_set_new(result, "networks", networks) | json_object_set_new(result, "network_info", records);
	if (failed || count == 0) {
		json_decref(result);
		return NULL;
	}
	return result;
}

static void take_away(struct member *member, json_t *config)
{
	struct error ignored;
	if (json_object_size(json_object_get(config, "networks")) > 0 && member->netns >= 0)
		keeper_netavark(&keeper, "teardown", config, member->netns, &ignored);
}

static int await_names(const struct member *member, json_t *resolve)
{
	size_t i;
	json_t *one;
	json_array_foreach(resolve, i, one) {
		const char *server, *name, *address;
		if (json_unpack(one, "{s:s s:s s:s}", "server", &server, "name", &name, "address", &address) == 0 &&
		    keeper_await_name(member->netns, server, name, address) < 0)
			return -1;
	}
	return 0;
}

/* Brings what is there for a member in line with what it wants: `{"config": …, "resolve": […], "there": bool}`. */
static int apply(struct member *member, json_t *request, struct error *err)
{
	json_t *wanted = json_object_get(request, "config");
	if (broken.code[0]) {
		*err = broken;
		return -1;
	}
	if (json_is_true(json_object_get(request, "there"))) {
		json_decref(member->config);
		member->config = json_incref(wanted);
	}
	if (json_is_true(json_object_get(request, "anew"))) {
		take_away(member, member->config ? member->config : wanted);
		json_decref(member->config);
		member->config = NULL;
	}
	json_t *gone = difference(member->config, wanted), *added = difference(wanted, member->config);
	take_away(member, gone);
	int rc = added ? keeper_netavark(&keeper, "setup", added, member->netns, err) : 0;
	if (added && rc == 0) {
		keeper_settle_bridges(&keeper, added);
		rc = keeper_rules_apply(&keeper, added, member->netns, err);
	}
	if (rc < 0)
		take_away(member, added);
	json_decref(gone);
	json_decref(added);
	if (rc == 0) {
		json_decref(member->config);
		member->config = json_incref(wanted);
		json_t *resolve = json_object_get(request, "resolve");
		if (await_names(member, resolve) < 0) {
			/* It may have missed the signal to look again. */
			pid_t aardvark = keeper_aardvark_pid(&keeper);
			if (aardvark > 0)
				kill(aardvark, SIGKILL);
			keeper_start_aardvark(&keeper);
			rc = await_names(member, resolve);
		}
		if (rc < 0)
			error_set(err, "network-failed", "aardvark-dns does not answer with the container's name");
	}
	return rc;
}

static void answer(const struct member *member, const struct error *err)
{
	json_t *object = err ? json_pack("{s:s s:s}", "code", err->code, "message", err->message) : json_pack("{}");
	auto_free char *text = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	if (text && keeper_send(member->fd, text, strlen(text), &keeper.netns, 1) < 0)
		return; /* its end is told by the connection */
}

static void handle_request(struct member *member, char *text, size_t length, int fds[2])
{
	struct error err;
	json_t *request = json_loadb(text, length, 0, NULL);
	if (fds[0] >= 0) {
		if (member->netns >= 0)
			close(member->netns);
		member->netns = steal_fd(&fds[0]);
	}
	if (!request || member->netns < 0) {
		error_set(&err, "internal", "a request to the network keeper that it can't read");
		answer(member, &err);
	} else {
		/* A predecessor of ours was killed: what it made is there still, or the bridges are others now. */
		if (fds[1] >= 0)
			json_object_set_new(request, same_file(fds[1], keeper.netns) ? "there" : "anew", json_true());
		answer(member, apply(member, request, &err) < 0 ? &err : NULL);
	}
	json_decref(request);
}

static void drop_member(struct member *member)
{
	take_away(member, member->config);
	json_decref(member->config);
	close(member->fd);
	if (member->netns >= 0)
		close(member->netns);
	*member = members[--member_count];
}

static void serve(struct member *member)
{
	static char text[KEEPER_MESSAGE_MAX];
	int fds[2];
	ssize_t n = keeper_receive(member->fd, text, sizeof text, fds);
	auto_close int first = fds[0], second = fds[1];
	if (n > 0) {
		int received[2] = {steal_fd(&first), second};
		handle_request(member, text, (size_t)n, received);
		first = received[0];
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		drop_member(member);
	}
}

static void welcome(int listener)
{
	struct ucred peer;
	socklen_t size = sizeof peer;
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return;
	if (member_count == MEMBERS_MAX || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ||
	    peer.uid != geteuid()) {
		close(fd);
		return;
	}
	members[member_count++] = (struct member){.fd = fd, .netns = -1};
}

static bool has_names(void)
{
	const char *name;
	json_t *network;
	for (size_t i = 0; i < member_count; i++) {
		json_object_foreach(json_object_get(members[i].config, "network_info"), name, network) {
			if (json_is_true(json_object_get(network, "dns_enabled")))
				return true;
		}
	}
	return false;
}

/* What was killed is started anew. aardvark-dns has ended in order when it was told to reload with nothing left to serve. */
static void reap(int signals)
{
	struct signalfd_siginfo info;
	struct error ignored;
	int status;
	if (read(signals, &info, sizeof info) < 0)
		return;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
		if (pid == keeper.slirp && keeper_start_slirp(&keeper, &ignored) < 0)
			keeper.slirp = 0;
		if (WIFSIGNALED(status) && pid == keeper_aardvark_pid(&keeper) && has_names())
			keeper_start_aardvark(&keeper);
	}
}

static void serve_all(int listener, int signals)
{
	static struct pollfd pollers[2 + MEMBERS_MAX];
	int patience = FIRST_MEMBER_MS;
	do {
		pollers[0] = (struct pollfd){.fd = listener, .events = POLLIN};
		pollers[1] = (struct pollfd){.fd = signals, .events = POLLIN};
		for (size_t i = 0; i < member_count; i++)
			pollers[2 + i] = (struct pollfd){.fd = members[i].fd, .events = POLLIN};
		size_t count = member_count;
		if (poll(pollers, 2 + count, patience) == 0)
			return;
		/* From the last on: one that goes is replaced by what comes after it. */
		for (size_t i = count; i-- > 0;) {
			if (pollers[2 + i].revents)
				serve(&members[i]);
		}
		if (pollers[1].revents)
			reap(signals);
		if (pollers[0].revents)
			welcome(listener);
		if (member_count > 0)
			patience = -1;
	} while (member_count > 0 || patience >= 0);
}

static int listen_here(void)
{
	auto_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	unlinkat(keeper.directory, "socket", 0);
	if (fd < 0 || socket_bind_at(fd, keeper.directory, "socket") < 0 || listen(fd, MEMBERS_MAX) < 0)
		return -1;
	return steal_fd(&fd);
}

static void kill_children(void)
{
	size_t length;
	auto_free char *text = read_file_at(AT_FDCWD, "/proc/thread-self/children", 1U << 16, &length);
	char *rest = text;
	for (char *word; rest && (word = strsep(&rest, " "));) {
		pid_t pid = atoi(word);
		if (pid > 0)
			kill(pid, SIGKILL);
	}
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

/* What aardvark-dns was told by one that was killed, with all of its network. */
static void forget_names(void)
{
	int fd = openat(keeper.directory, "aardvark-dns", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *names = fd < 0 ? NULL : fdopendir(fd);
	for (struct dirent *entry; names && (entry = readdir(names));) {
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(names), entry->d_name, 0);
	}
}

/* The lock is the last to go. */
static void remove_files(void)
{
	static const char *const names[] = {"resolv.conf", "xtables.lock", "aardvark.lock", "lock"};
	forget_names();
	unlinkat(keeper.directory, "aardvark-dns", AT_REMOVEDIR);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unlinkat(keeper.directory, names[i], 0);
}

/* Only one for a directory: the lock is held for as long as it lives. Another one is told by no name of the socket. */
static int become_the_one(void)
{
	const struct bridge_config *bridge = &keeper.launch->config->bridge;
	keeper.directory = open(bridge->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int lock = keeper.directory < 0 ? -1 : openat(keeper.directory, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) < 0)
		return -1;
	/* The last one removes it when it ends. */
	auto_close int named = openat(keeper.directory, "lock", O_RDWR | O_CLOEXEC);
	if (!same_file(lock, named))
		return -1;
	int alive = keeper.launch->config->alive_file ? open(keeper.launch->config->alive_file, O_RDONLY | O_CLOEXEC) : -1;
	return keeper.launch->config->alive_file && (alive < 0 || flock(alive, LOCK_SH | LOCK_NB) < 0) ? -1 : 0;
}

static int watch_children(void)
{
	sigset_t signals;
	signals_reset();
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_SETMASK, &signals, NULL);
	return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* That of the monitor that started us would keep its name, which the container's next one needs. */
static void own_scope(const char *slice)
{
	char pid[16];
	snprintf(pid, sizeof pid, "%d", (int)getpid());
	setup_scope(slice, "coracle-network", pid);
}

static void begin(void)
{
	struct keeper_rules rules;
	if (keeper_begin(&keeper, &broken) < 0)
		return;
	if (keeper_rules_begin(&keeper, &rules) < 0) {
		error_errno(&broken, "network-failed", "begin with the rules for the bridges");
		return;
	}
	int rc = keeper_start_slirp(&keeper, &broken);
	if (keeper_rules_end(&keeper, &rules, rc < 0 ? &(struct error){0} : &broken) == 0 && rc == 0)
		broken.code[0] = '\0';
}

void keeper_main(const struct keeper_launch *launch)
{
	int keep[] = {launch->netns};
	keeper = (struct keeper){.launch = launch, .directory = -1, .netns = -1, .slirp_exit = -1};
	setsid();
	prctl(PR_SET_NAME, "coracle-network");
	descriptors_keep(3, keep, 1);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 || become_the_one() < 0)
		_exit(1);
	if (launch->config->systemd_slice)
		own_scope(launch->config->systemd_slice);
	int listener = listen_here(), signals = watch_children();
	if (listener < 0 || signals < 0)
		_exit(1);
	if (launch->netns < 0)
		forget_names();
	begin();
	serve_all(listener, signals);
	/* Who comes now finds nobody and starts the next one. */
	unlinkat(keeper.directory, "socket", 0);
	close(listener);
	kill_children();
	remove_files();
	_exit(0);
}
