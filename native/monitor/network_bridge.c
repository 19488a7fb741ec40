/* A container's part in the bridges: the connection to their keeper, which is started where there is none. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "keeper.h"
#include "network.h"
#include "supervisor.h"

#define END_TIMEOUT_MS 20000

/* It has taken away what was ours; or it was killed, and the next one is told what there is. */
static void lost(struct monitor *m)
{
	loop_close(&m->loop, &m->network.ready);
	loop_cancel_timer(&m->loop, TIMER_REVIVE);
	if (m->network.ended)
		supervisor_advance(m);
	else
		loop_set_timer(&m->loop, TIMER_REVIVE, KEEPER_RETRY_MS);
}

static void refused(struct monitor *m, json_t *answer)
{
	struct error err;
	const char *message = json_string_value(json_object_get(answer, "message"));
	error_set(&err, "network-failed", "%s", message);
	network_answer(m, &err);
	if (m->phase == PHASE_NETWORK)
		supervisor_fail(m, &err);
}

static void answered(struct source *source, uint32_t events)
{
	struct monitor *m = source->owner;
	char text[4096];
	int fds[2];
	(void)events;
	ssize_t n = keeper_receive(source->fd, text, sizeof text, fds);
	auto_close int netns = fds[0], nothing = fds[1];
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	json_t *answer = n > 0 ? json_loadb(text, (size_t)n, 0, NULL) : NULL;
	if (!answer) {
		lost(m);
		return;
	}
	if (netns >= 0) {
		if (m->network.bridges >= 0)
			close(m->network.bridges);
		m->network.bridges = steal_fd(&netns);
	}
	loop_cancel_timer(&m->loop, TIMER_HELPER);
	if (m->network.ended) {
		json_decref(answer);
		return;
	}
	if (json_object_get(answer, "message")) {
		refused(m, answer);
	} else {
		m->network.up = true;
		network_answer(m, NULL);
		if (m->phase == PHASE_NETWORK)
			supervisor_network_ready(m);
	}
	json_decref(answer);
}

static int ask(struct monitor *m, bool anew)
{
	char path[64];
	json_t *request = json_pack("{s:O s:O s:b}", "config", m->config->bridge.setup, "resolve", m->config->bridge.resolve,
				    "anew", anew);
	auto_free char *text = json_dumps(request, JSON_COMPACT);
	json_decref(request);
	snprintf(path, sizeof path, "/proc/%d/ns/net", (int)m->init);
	auto_close int netns = open(path, O_RDONLY | O_CLOEXEC);
	int fds[] = {netns, m->network.bridges};
	bool known = m->network.bridges >= 0 && !m->network.joined;
	if (!text || netns < 0)
		return -1;
	m->network.joined = true;
	return keeper_send(m->network.ready.fd, text, strlen(text), fds, known ? 2 : 1);
}

void bridge_begin(struct monitor *m)
{
	int fd = keeper_connect(&m->config->bridge);
	if (fd < 0) {
		keeper_start(m->config, m->network.bridges);
		loop_set_timer(&m->loop, TIMER_REVIVE, KEEPER_RETRY_MS);
		return;
	}
	m->network.joined = false;
	m->network.ready.ready = answered;
	if (loop_add(&m->loop, &m->network.ready, fd, EPOLLIN) < 0) {
		close(fd);
		loop_set_timer(&m->loop, TIMER_REVIVE, KEEPER_RETRY_MS);
	} else if (ask(m, false) < 0) {
		lost(m);
	}
}

int bridge_change(struct monitor *m, bool anew, struct error *err)
{
	if (m->network.ready.fd < 0 || ask(m, anew) < 0)
		return error_set(err, "network-failed", "the network is just being made anew");
	return 0;
}

/* Told by our end of the connection; that it is done, by its own. */
void bridge_end(struct monitor *m)
{
	if (m->network.bridges >= 0)
		close(steal_fd(&m->network.bridges));
	if (m->network.ready.fd < 0)
		return;
	shutdown(m->network.ready.fd, SHUT_WR);
	loop_set_timer(&m->loop, TIMER_REVIVE, END_TIMEOUT_MS);
}
