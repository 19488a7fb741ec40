/* What clients ask for. */
#include <errno.h>
#include <string.h>

#include "event_log.h"
#include "supervisor.h"

static void refuse(struct client *client, const char *code, const char *message)
{
	struct error err;
	error_set(&err, code, "%s", message);
	client_answer(client, &err);
}

static bool is_running(const struct monitor *m)
{
	return m->phase == PHASE_RUNNING && !m->init_ended;
}

static void hello(struct client *client, unsigned flags)
{
	client->greeted = true;
	client->flags = flags & (CLIENT_STDIN | CLIENT_STDOUT | CLIENT_STDERR);
	if (client->flags && !client->monitor->config->exec)
		event_log(client->monitor, "attach", "");
	if (flags & CLIENT_DESCRIBE) {
		char terminal = client->monitor->config->terminal;
		client_send(client, 'H', &terminal, 1);
	}
}

static void kill_request(struct client *client, unsigned signal)
{
	struct monitor *m = client->monitor;
	if (signal < 1 || signal > 64) {
		refuse(client, "bad-config", "a signal is a number from 1 to 64");
	} else if (m->phase >= PHASE_ENDING || m->init_ended) {
		refuse(client, "container-not-running", "the container is not running");
	} else {
		if (!m->config->exec)
			event_log(m, "kill", "");
		supervisor_kill(m, (int)signal);
		client_answer(client, NULL);
	}
}

static void stop_request(struct client *client, int timeout, unsigned signal)
{
	if (signal > 64) {
		refuse(client, "bad-config", "a signal is a number from 1 to 64");
		return;
	}
	client->awaits_stop = true;
	client->monitor->status.stopped_by_user = true;
	supervisor_stop(client->monitor, timeout, (int)signal);
}

static void start_request(struct client *client)
{
	struct monitor *m = client->monitor;
	if (m->start_wanted) {
		refuse(client, "already-running", "the container has been started");
		return;
	}
	client->awaits_start = true;
	supervisor_start(m);
}

static void resume_if_let_go(struct monitor *m);

static void paused(struct monitor *m, const struct operation_result *result)
{
	if (!result->failed) {
		m->paused = !m->paused;
		/* Being held for a moment is nobody's business. */
		if (!m->held)
			event_log(m, m->paused ? "pause" : "unpause", "");
		if (!m->init_ended)
			supervisor_write_status(m);
	}
	for (struct client *client = m->clients.first; client; client = client->next) {
		if (client->awaits_pause)
			client_answer(client, result->failed ? &result->error : NULL);
		client->awaits_pause = false;
	}
	if (!m->paused || result->failed)
		m->held = m->let_go = false;
	resume_if_let_go(m);
	supervisor_advance(m);
}

static void resume_if_let_go(struct monitor *m)
{
	if (m->let_go && m->paused && is_running(m) && !m->operation.running)
		operation_begin(m, operation_resume, paused);
}

void control_let_go(struct monitor *m)
{
	m->let_go = m->held;
	resume_if_let_go(m);
}

static void pause_request(struct client *client, bool pause, bool hold)
{
	struct monitor *m = client->monitor;
	if (m->config->exec)
		refuse(client, "bad-config", "an exec session is paused with its container");
	else if (!is_running(m))
		refuse(client, "container-not-running", "the container is not running");
	else if (m->operation.running)
		refuse(client, "internal", "the container is just being paused or unpaused; try again");
	else if (m->paused == pause)
		refuse(client, pause ? "container-paused" : "container-not-running",
		       pause ? "the container is paused already" : "the container is not paused");
	else {
		client->awaits_pause = true;
		client->holds = hold;
		if (pause)
			m->held = hold;
		operation_begin(m, pause ? operation_pause : operation_resume, paused);
	}
}

static void network_request(struct client *client, bool anew)
{
	struct monitor *m = client->monitor;
	struct config fresh = {0};
	struct error err;
	if (!is_running(m) || m->config->network != NETWORK_BRIDGE) {
		refuse(client, "container-not-running", "the container does not run on a bridge");
		return;
	}
	if (config_load_container(m->launch->directory, &fresh, &err) < 0) {
		config_free(&fresh);
		client_answer(client, &err);
		return;
	}
	m->config->bridge = fresh.bridge;
	/* The forwarder of the ports is started anew, with what is asked for then. */
	bool moved = strcmp(m->config->network_address, fresh.network_address) != 0;
	m->config->network_address = fresh.network_address;
	m->config->ports = fresh.ports;
	if (moved)
		network_move(m);
	json_object_set_new(m->config->document, "network changed", fresh.document);
	if (bridge_change(m, anew, &err) < 0)
		client_answer(client, &err);
	else
		client->awaits_network = true;
}

/* The values belong to their document: it stays as long as the one before, in place of what was loaded last. */
static void reload_request(struct client *client)
{
	struct monitor *m = client->monitor;
	struct config fresh = {0};
	struct error err;
	if (m->config->exec) {
		refuse(client, "bad-config", "an exec session has no configuration to be changed");
		return;
	}
	if (config_load_container(m->launch->directory, &fresh, &err) < 0) {
		config_free(&fresh);
		client_answer(client, &err);
		return;
	}
	bool had_check = m->config->health.regular.command != NULL;
	m->config->restart = fresh.restart;
	m->config->restart_max = fresh.restart_max;
	m->config->health = fresh.health;
	json_object_set_new(m->config->document, "reloaded", fresh.document);
	health_changed(m, had_check);
	client_answer(client, NULL);
}

void control_frame(struct client *client, char type, const unsigned char *payload, size_t length)
{
	static const struct {
		char type;
		size_t length;
	} known[] = {{'H', 1}, {'C', 0}, {'R', 4}, {'K', 4}, {'T', 8}, {'G', 0}, {'P', 0},
		     {'F', 0}, {'U', 0}, {'V', 0}, {'L', 0}, {'N', 1}};
	struct monitor *m = client->monitor;
	size_t i = 0, count = sizeof known / sizeof *known;
	while (i < count && known[i].type != type)
		i++;
	if (i == count || known[i].length != length) {
		client_close(client);
		return;
	}
	switch (type) {
	case 'H':
		hello(client, payload[0]);
		break;
	case 'C':
		if (client->flags & CLIENT_STDIN)
			container_io_detach_stdin(m);
		client->flags &= ~CLIENT_STDIN;
		break;
	case 'R':
		container_io_resize(m, get_u16(payload), get_u16(payload + 2));
		break;
	case 'K':
		kill_request(client, get_u32(payload));
		break;
	case 'T':
		stop_request(client, (int)get_u32(payload), get_u32(payload + 4));
		break;
	case 'G':
		start_request(client);
		break;
	case 'V':
		health_requested(client);
		break;
	case 'L':
		reload_request(client);
		break;
	case 'N':
		network_request(client, payload[0] != 0);
		break;
	default:
		pause_request(client, type != 'U', type == 'F');
		break;
	}
}
