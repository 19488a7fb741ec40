#include "health.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "descriptors.h"
#include "file.h"
#include "notify.h"
#include "setup.h"
#include "signals.h"
#include "supervisor.h"

static bool can_be_checked(const struct monitor *m)
{
	return m->phase == PHASE_RUNNING && !m->init_ended && !m->stop_wanted && !m->restart_wanted;
}

static const struct health_test *current_test(const struct monitor *m)
{
	const struct health_config *config = &m->config->health;
	return m->health.state.starting_up ? &config->startup : &config->regular;
}

/* An interval of 0: only when somebody asks. */
static void schedule(struct monitor *m)
{
	long long interval = current_test(m)->interval;
	if (interval > 0)
		loop_set_timer(&m->loop, TIMER_HEALTH, interval);
}

static void answer_checked(struct monitor *m, enum health_outcome outcome)
{
	for (struct client *client = m->clients.first; client; client = client->next) {
		if (client->health != HEALTH_REQUEST_CHECKED)
			continue;
		client->health = HEALTH_REQUEST_NONE;
		client_answer_health(client, outcome);
	}
}

/* Whether the container is ended for what the check has shown. */
static bool act(struct monitor *m, bool startup)
{
	const struct health_config *config = &m->config->health;
	const struct health_state *state = &m->health.state;
	if (startup) {
		if (!state->starting_up || config->startup.retries == 0 ||
		    state->startup_failures < config->startup.retries)
			return false;
		supervisor_restart(m);
		return true;
	}
	if (state->status != HEALTH_UNHEALTHY)
		return false;
	switch (config->on_failure) {
	case HEALTH_KILL:
		supervisor_kill(m, SIGKILL);
		return true;
	case HEALTH_STOP:
		m->status.stopped_by_user = true;
		supervisor_stop(m, -1, 0);
		return true;
	case HEALTH_RESTART:
		supervisor_restart(m);
		return true;
	default:
		return false;
	}
}

static _Noreturn void run(struct monitor *m, pid_t monitor, int result)
{
	struct health_check check = {.state = m->health.state};
	signals_reset();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != monitor)
		_exit(1);
	setup_restore_oom_score(m);
	int keep[] = {result, m->launch->directory, m->run_dir};
	descriptors_keep(3, keep, sizeof keep / sizeof *keep);
	health_check_run(m, &check);
	_exit(write_full(result, &check, sizeof check) != sizeof check);
}

static void begin_check(struct monitor *m)
{
	struct health *health = &m->health;
	int fds[2];
	loop_cancel_timer(&m->loop, TIMER_HEALTH);
	if (pipe2(fds, O_CLOEXEC) < 0) {
		schedule(m);
		return;
	}
	pid_t monitor = getpid();
	health->child = fork();
	if (health->child == 0)
		run(m, monitor, fds[1]);
	close(fds[1]);
	if (health->child < 0 || loop_add(&m->loop, &health->source, fds[0], EPOLLIN) < 0) {
		health->child = 0;
		close(fds[0]);
		schedule(m);
		return;
	}
	health->checking = true;
	for (struct client *client = m->clients.first; client; client = client->next) {
		if (client->health == HEALTH_REQUEST_ASKED)
			client->health = HEALTH_REQUEST_CHECKED;
	}
}

static void check_done(struct source *source, uint32_t events)
{
	struct monitor *m = source->owner;
	struct health *health = &m->health;
	struct health_check check;
	bool startup = health->state.starting_up;
	(void)events;
	/* One that was killed has shown nothing. */
	bool told = read_full(source->fd, &check, sizeof check) == sizeof check;
	loop_close(&m->loop, source);
	health->checking = false;
	if (told)
		health->state = check.state;
	else
		check.outcome = OUTCOME_UNHEALTHY;
	if (told && check.state.status == HEALTH_HEALTHY)
		notify_healthy(m);
	/* Who asked is answered when the container has ended. */
	if (!can_be_checked(m))
		return;
	if (told && act(m, startup)) {
		health->judged = true;
		health->outcome = check.outcome;
		return;
	}
	answer_checked(m, check.outcome);
	if (startup && !health->state.starting_up && current_test(m)->interval > 0)
		loop_set_timer(&m->loop, TIMER_HEALTH, 0);
	else
		schedule(m);
	for (struct client *client = m->clients.first; client; client = client->next) {
		if (client->health == HEALTH_REQUEST_ASKED) {
			begin_check(m);
			break;
		}
	}
}

void health_init(struct monitor *m)
{
	m->health.source = (struct source){.fd = -1, .ready = check_done, .owner = m};
}

void health_begin(struct monitor *m)
{
	const struct health_config *config = &m->config->health;
	if (!config->regular.command)
		return;
	m->health.state = (struct health_state){.starting_up = config->startup.command != NULL};
	m->health.judged = false;
	if (health_log_begin(config) < 0)
		m->health.state.status = HEALTH_STARTING; /* nowhere to write it; the checks may still act */
	if (current_test(m)->interval > 0)
		loop_set_timer(&m->loop, TIMER_HEALTH, 0);
}

void health_changed(struct monitor *m, bool had_one)
{
	const struct health_config *config = &m->config->health;
	if (!had_one && can_be_checked(m)) {
		health_begin(m);
		return;
	}
	loop_cancel_timer(&m->loop, TIMER_HEALTH);
	m->health.state.starting_up = m->health.state.starting_up && config->startup.command;
	if (config->regular.command && can_be_checked(m) && !m->health.checking)
		schedule(m);
}

void health_expired(struct monitor *m)
{
	if (m->paused)
		schedule(m);
	else if (can_be_checked(m) && !m->health.checking)
		begin_check(m);
}

void health_end(struct monitor *m)
{
	struct health *health = &m->health;
	loop_cancel_timer(&m->loop, TIMER_HEALTH);
	loop_close(&m->loop, &health->source);
	health->checking = false;
	if (health->child > 0)
		kill(health->child, SIGKILL);
}

void health_reaped(struct monitor *m, pid_t pid)
{
	if (pid == m->health.child)
		m->health.child = 0;
}

void health_requested(struct client *client)
{
	struct monitor *m = client->monitor;
	struct error err;
	if (!can_be_checked(m) || m->paused) {
		error_set(&err, "container-not-running", "container %s is not running", m->config->id);
		client_answer(client, &err);
	} else if (!m->config->health.regular.command) {
		error_set(&err, "no-healthcheck", "container %s has no defined healthcheck", m->config->id);
		client_answer(client, &err);
	} else {
		client->health = HEALTH_REQUEST_ASKED;
		if (!m->health.checking)
			begin_check(m);
	}
}

void health_answer_ended(struct client *client)
{
	struct monitor *m = client->monitor;
	struct error err;
	if (client->health == HEALTH_REQUEST_CHECKED && m->health.judged) {
		client_answer_health(client, m->health.outcome);
	} else if (client->health != HEALTH_REQUEST_NONE) {
		error_set(&err, "container-not-running", "container %s is not running", m->config->id);
		client_answer(client, &err);
	}
	client->health = HEALTH_REQUEST_NONE;
}
