#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "event_log.h"
#include "external_runtime.h"
#include "file.h"
#include "health.h"
#include "runtime/runtime.h"
#include "supervisor.h"

#define CONFIG_MAX (4U << 20)
/* What is kept of a check's output where no limit is set. */
#define OUTPUT_MAX (1U << 20)

struct output {
	char *data;
	size_t length, size;
};

/* The container's own process, with another command and without a terminal. */
static char *process_text(const struct monitor *m, const json_t *command)
{
	size_t length;
	auto_free char *text = read_file_at(m->launch->directory, "config.json", CONFIG_MAX, &length);
	json_t *spec = text ? json_loadb(text, length, 0, NULL) : NULL;
	json_t *process = json_object_get(spec, "process");
	char *result = NULL;
	if (json_is_object(process)) {
		json_object_set(process, "args", (json_t *)command);
		json_object_set_new(process, "terminal", json_false());
		json_object_del(process, "consoleSize");
		result = json_dumps(process, JSON_COMPACT);
	}
	json_decref(spec);
	return result;
}

static int start(struct monitor *m, const json_t *command, int output, pid_t *pid, struct error *err)
{
	auto_free char *process = process_text(m, command);
	auto_close int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (!process || null < 0)
		return error_set(err, "internal", "out of memory or descriptors");
	if (m->config->runtime_path)
		return external_check(m, process, output, pid, err);
	struct runtime_options options = {
		.root = m->config->runtime_root,
		.id = m->config->id,
		.bundle = m->launch->path,
		.stdio = {null, output, output},
		.console_socket = -1,
		.start_socket = -1,
	};
	return runtime_exec(&options, process, pid, err);
}

/* What doesn't fit is read all the same: the command shall not wait for us. False at the end. */
static bool read_output(int fd, struct output *output)
{
	char piece[4096];
	ssize_t n = read(fd, piece, sizeof piece);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	size_t room = output->size - output->length;
	size_t taken = (size_t)n < room ? (size_t)n : room;
	memcpy(output->data + output->length, piece, taken);
	output->length += taken;
	return n > 0;
}

/* Until the process has ended; false when that took too long. Others may keep its output open: they are not waited for. */
static bool follow(pid_t pid, int fd, long long deadline, struct output *output)
{
	auto_close int process = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd fds[] = {{.fd = process, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
	for (;;) {
		long long left = deadline - loop_now();
		if (left <= 0)
			return false;
		if (poll(fds, 2, left > 60000 ? 60000 : (int)left) < 0 && errno != EINTR)
			return false;
		if (fds[1].revents && !read_output(fd, output))
			fds[1].fd = -1;
		if (!fds[0].revents)
			continue;
		for (int available = 1; fds[1].fd >= 0 && poll(&fds[1], 1, 0) > 0 && available;)
			available = read_output(fd, output);
		return true;
	}
}

static void run_command(struct monitor *m, const struct health_test *test, struct health_check *check, struct output *output)
{
	int fds[2];
	pid_t pid;
	struct error err;
	long long deadline = loop_now() + test->timeout;
	int status;
	check->exit_code = 125;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return;
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	if (start(m, test->command, fds[1], &pid, &err) < 0) {
		/* A command that isn't there fails like any other. */
		check->exit_code = strcmp(err.code, "internal") == 0 ? 125 : 1;
		return;
	}
	close(fds[1]);
	bool ended = follow(pid, fds[0], deadline, output);
	if (!ended)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return;
	}
	check->exit_code = !ended ? -1 : WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
}

static void log_event(const struct monitor *m, const struct health_state *state)
{
	char members[96];
	snprintf(members, sizeof members, "\"HealthStatus\":\"%s\",\"HealthFailingStreak\":%u,",
		 health_status_names[state->status], state->streak);
	event_log(m, "health_status", members);
}

void health_check_run(struct monitor *m, struct health_check *check)
{
	const struct health_config *config = &m->config->health;
	bool early = loop_now() - m->running_since < config->start_period;
	size_t size = config->log_size > 0 && config->log_size < OUTPUT_MAX ? config->log_size : OUTPUT_MAX;
	struct output output = {.data = malloc(size), .size = size};
	if (!output.data)
		_exit(1);
	time_now(check->start);
	run_command(m, check->state.starting_up ? &config->startup : &config->regular, check, &output);
	time_now(check->end);
	health_judge(config, check, early);
	if (health_log_add(config, check, output.data, output.length) < 0)
		_exit(1);
	if (!config->no_events)
		log_event(m, &check->state);
}
