#include "operation.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "cleanup.h"
#include "descriptors.h"
#include "external_runtime.h"
#include "file.h"
#include "runtime/runtime.h"
#include "setup.h"
#include "signals.h"
#include "supervisor.h"

/*
 * The init process is made here and waits for its start: a descriptor it inherited would keep a client's connection or
 * the container's lock alive. Only what the runtime needs stays open.
 */
static void keep_needed_fds(struct monitor *m, int result)
{
	struct container_io *io = &m->io;
	int keep[] = {result,
		      io->child[0],
		      io->child[1],
		      io->child[2],
		      io->console[1],
		      io->err.fd,
		      m->start_socket[0],
		      m->start_socket[1],
		      m->run_dir};
	descriptors_keep(3 + (int)m->config->preserve_fds, keep, sizeof keep / sizeof *keep);
}

static void run(struct monitor *m, operation_work work, int result_fd)
{
	struct operation_result result = {0};
	signals_reset();
	setup_restore_oom_score(m);
	keep_needed_fds(m, result_fd);
	if (work(m, &result) < 0)
		result.failed = true;
	_exit(write_full(result_fd, &result, sizeof result) != sizeof result);
}

static void result_ready(struct source *source, uint32_t events)
{
	struct monitor *m = source->owner;
	struct operation_result result;
	(void)events;
	/* Smaller than PIPE_BUF: it is there whole or not at all. */
	if (read_full(source->fd, &result, sizeof result) != sizeof result) {
		result = (struct operation_result){.failed = true};
		error_set(&result.error, "runtime-failed", "the runtime was killed");
	}
	loop_close(&m->loop, source);
	/*
	 * It is about to exit, and what it made becomes our child only then: a container that asks to die with its parent
	 * must not be started before, or it would die with that one.
	 */
	if (m->operation.pid > 0)
		waitpid(m->operation.pid, NULL, 0);
	m->operation.running = false;
	m->operation.done(m, &result);
	supervisor_reap(m);
}

/* The result of a child that could not be made comes the same way as any other's. */
static void not_forked(int result_fd)
{
	struct operation_result result = {.failed = true};
	error_errno(&result.error, "internal", "fork");
	if (write_full(result_fd, &result, sizeof result) < 0)
		return;
}

void operation_begin(struct monitor *m, operation_work work, operation_done done)
{
	struct operation *operation = &m->operation;
	int fds[2];
	operation->running = true;
	operation->done = done;
	operation->source.owner = m;
	operation->source.ready = result_ready;
	if (pipe2(fds, O_CLOEXEC) < 0 || loop_add(&m->loop, &operation->source, fds[0], EPOLLIN) < 0)
		abort(); /* without descriptors or kernel memory nothing can be undone in order either */
	operation->pid = fork();
	if (operation->pid == 0)
		run(m, work, fds[1]);
	if (operation->pid < 0)
		not_forked(fds[1]);
	close(fds[1]);
}

static struct runtime_options options_of(const struct monitor *m)
{
	struct runtime_options options = {
		.root = m->config->runtime_root,
		.id = m->config->id,
		.bundle = m->launch->path,
		.console_socket = m->io.console[1],
		.start_socket = m->start_socket[1],
		.preserve_fds = m->config->preserve_fds,
		.no_new_keyring = m->config->no_new_keyring,
		.no_pivot = m->config->no_pivot,
		.systemd_cgroup = m->config->systemd_slice != NULL,
	};
	memcpy(options.stdio, m->io.child, sizeof options.stdio);
	return options;
}

int operation_create(struct monitor *m, struct operation_result *result)
{
	if (m->config->runtime_path)
		return external_create(m, result);
	struct runtime_options options = options_of(m);
	return runtime_create(&options, &result->pid, &result->error);
}

/* The process may look at its terminal before we have got it to set its size: the runtime sets it. */
static char *process_text(const struct monitor *m)
{
	json_t *process = m->config->process;
	if (m->config->terminal && m->io.rows > 0)
		json_object_set_new(process, "consoleSize",
				    json_pack("{s:i s:i}", "height", (int)m->io.rows, "width", (int)m->io.columns));
	return json_dumps(process, JSON_COMPACT);
}

int operation_exec(struct monitor *m, struct operation_result *result)
{
	if (!process_alive(&m->config->init))
		return error_set(&result->error, "container-not-running", "container %s is not running", m->config->id);
	auto_free char *process = process_text(m);
	if (!process)
		return error_set(&result->error, "internal", "out of memory");
	if (m->config->runtime_path)
		return external_exec(m, process, result);
	struct runtime_options options = options_of(m);
	return runtime_exec(&options, process, &result->pid, &result->error);
}

int operation_start(struct monitor *m, struct operation_result *result)
{
	if (m->config->runtime_path)
		return external_call(m, (const char *const[]){"start", NULL}, &result->error);
	return runtime_start(m->start_socket[0], &result->error);
}

int operation_pause(struct monitor *m, struct operation_result *result)
{
	if (m->config->runtime_path)
		return external_call(m, (const char *const[]){"pause", NULL}, &result->error);
	return runtime_pause(m->config->runtime_root, m->config->id, &result->error);
}

int operation_resume(struct monitor *m, struct operation_result *result)
{
	if (m->config->runtime_path)
		return external_call(m, (const char *const[]){"resume", NULL}, &result->error);
	return runtime_resume(m->config->runtime_root, m->config->id, &result->error);
}

int operation_delete(struct monitor *m, struct operation_result *result)
{
	if (m->config->runtime_path)
		return external_call(m, (const char *const[]){"delete", "--force", NULL}, &result->error);
	result->oom_killed = runtime_oom_killed(m->config->runtime_root, m->config->id);
	return runtime_delete(m->config->runtime_root, m->config->id, &result->error);
}
