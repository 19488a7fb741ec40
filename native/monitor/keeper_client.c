/* The other end of a keeper: how one is reached or started, and who joins its namespace without being a container. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "keeper.h"
#include "signals.h"
#include "socket_path.h"

#define ATTEMPTS (20000 / KEEPER_RETRY_MS)
/* Starting one takes a while, and each that is too many is a process. */
#define ATTEMPTS_FOR_EACH 100
#define ANSWER_TIMEOUT_MS 20000

void keeper_start(const struct config *config, int netns)
{
	/* Of a process in between, so that it is nobody's child whom we would have to wait for. */
	pid_t middle = fork();
	if (middle != 0)
		return; /* reaped as any child; if it failed, the time runs out */
	signals_reset();
	/* Who starts it may have a terminal, which slirp4netns would write to. */
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < 3; fd++)
		dup2(nothing, fd);
	if (fork() == 0)
		keeper_main(&(struct keeper_launch){.config = config, .netns = netns});
	_exit(0);
}

int keeper_connect(const struct bridge_config *bridge)
{
	auto_close int directory = open(bridge->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (directory < 0 || fd < 0 || socket_connect_at(fd, directory, "socket") < 0)
		return -1;
	return steal_fd(&fd);
}

static int reach(const struct config *config)
{
	for (int i = 0; i < ATTEMPTS; i++) {
		int fd = keeper_connect(&config->bridge);
		if (fd >= 0)
			return fd;
		if (i % ATTEMPTS_FOR_EACH == 0)
			keeper_start(config, -1);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		poll(NULL, 0, KEEPER_RETRY_MS);
	}
	return -1;
}

/* A member without a network of its own. Returns the descriptor of the bridges' namespace. */
static int become_member(int connection, struct error *err)
{
	static const char request[] = "{\"config\":{},\"resolve\":[]}";
	char text[4096];
	int fds[2];
	auto_close int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct pollfd answer = {.fd = connection, .events = POLLIN};
	if (own < 0 || keeper_send(connection, request, sizeof request - 1, &own, 1) < 0 ||
	    poll(&answer, 1, ANSWER_TIMEOUT_MS) <= 0)
		return error_errno(err, "network-failed", "ask for the network namespace of the bridges");
	ssize_t n = keeper_receive(connection, text, sizeof text, fds);
	auto_close int netns = fds[0], nothing = fds[1];
	json_t *object = n > 0 ? json_loadb(text, (size_t)n, 0, NULL) : NULL;
	const char *message = json_string_value(json_object_get(object, "message"));
	if (message || netns < 0)
		error_set(err, "network-failed", "%s", message ? message : "the network keeper has ended");
	json_decref(object);
	return message ? -1 : steal_fd(&netns);
}

static int enter(const struct config *config, int netns, struct error *err)
{
	struct keeper_launch launch = {.config = config, .netns = -1};
	auto_close int directory = open(config->bridge.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct keeper keeper = {.launch = &launch, .directory = directory, .netns = netns};
	if (directory < 0 || unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    keeper_enter(&keeper) < 0)
		return error_errno(err, "network-failed", "enter the network namespace of the bridges");
	return 0;
}

static void execute(char **argv) __attribute__((noreturn));
static void execute(char **argv)
{
	signals_reset();
	execvp(argv[0], argv);
	bool missing = errno == ENOENT;
	if (missing && !strchr(argv[0], '/'))
		dprintf(2, "Error: exec: \"%s\": executable file not found in $PATH\n", argv[0]);
	else
		dprintf(2, "Error: fork/exec %s: %s\n", argv[0],
			missing ? "no such file or directory" : errno == EACCES ? "permission denied" : strerror(errno));
	_exit(missing ? 127 : 126);
}

static volatile sig_atomic_t child;

static void forward(int signal)
{
	if (child > 0)
		kill((pid_t)child, signal);
}

/* What a terminal sends reaches the command as well; the rest is for it. */
static int run(char **argv, struct error *err)
{
	int status;
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	child = fork();
	if (child < 0)
		return error_errno(err, "internal", "fork");
	if (child == 0)
		execute(argv);
	signal(SIGTERM, forward);
	signal(SIGHUP, forward);
	while (waitpid((pid_t)child, &status, 0) < 0)
		if (errno != EINTR)
			return error_errno(err, "internal", "wait for %s", argv[0]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

int keeper_join(char **operands, struct error *err)
{
	struct config config = {0};
	int rc = config_load_network(operands[0], &config, err);
	if (rc == 0) {
		auto_close int connection = reach(&config);
		if (connection < 0)
			rc = error_set(err, "network-failed", "no network keeper answers in %s", config.bridge.directory);
		auto_close int netns = rc == 0 ? become_member(connection, err) : -1;
		rc = netns < 0 ? -1 : enter(&config, netns, err);
		if (rc == 0)
			rc = run(operands + 1, err);
	}
	config_free(&config);
	return rc;
}
