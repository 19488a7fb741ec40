#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "cleanup.h"
#include "keeper.h"

#define TRIES 150
#define TRY_MS 5
#define QUERY_MAX 512

/* A question of RFC 1035 for the addresses of `name`; its length, or 0 for a name that doesn't fit. */
static size_t make_query(unsigned char query[QUERY_MAX], const char *name, bool v6)
{
	static const unsigned char header[12] = {0x4b, 0x70, 0x01, 0, 0, 1};
	const unsigned char tail[] = {0, 0, v6 ? 28 : 1, 0, 1};
	size_t length = sizeof header;
	memcpy(query, header, sizeof header);
	while (*name) {
		size_t label = strcspn(name, ".");
		if (label == 0 || label > 63 || length + label + 1 + sizeof tail > QUERY_MAX)
			return 0;
		query[length++] = (unsigned char)label;
		memcpy(query + length, name, label);
		length += label;
		name += label + (name[label] == '.');
	}
	memcpy(query + length, tail, sizeof tail);
	return length + sizeof tail;
}

struct question {
	struct sockaddr_storage server;
	socklen_t server_size;
	unsigned char query[QUERY_MAX], address[16];
	size_t query_length, address_length;
};

static int parse(struct question *question, const char *server, const char *name, const char *address)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&question->server;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&question->server;
	bool is_v6 = strchr(address, ':') != NULL;
	*question = (struct question){.address_length = is_v6 ? 16 : 4};
	if (inet_pton(AF_INET, server, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(53);
		question->server_size = sizeof *v4;
	} else if (inet_pton(AF_INET6, server, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(53);
		question->server_size = sizeof *v6;
	}
	question->query_length = make_query(question->query, name, is_v6);
	if (inet_pton(is_v6 ? AF_INET6 : AF_INET, address, question->address) != 1)
		return -1;
	return question->server_size > 0 && question->query_length > 0 ? 0 : -1;
}

static bool answered(const struct question *question)
{
	unsigned char answer[4096];
	auto_close int fd = socket(question->server.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct pollfd poller = {.fd = fd, .events = POLLIN};
	if (fd < 0 || connect(fd, (const struct sockaddr *)&question->server, question->server_size) < 0 ||
	    send(fd, question->query, question->query_length, 0) < 0 || poll(&poller, 1, TRY_MS * 10) <= 0)
		return false;
	ssize_t n = recv(fd, answer, sizeof answer, 0);
	return n > 0 && memmem(answer, (size_t)n, question->address, question->address_length) != NULL;
}

/* A process for it: who has entered the container's namespace has no way back but another look at ours. */
int keeper_await_name(int netns, const char *server, const char *name, const char *address)
{
	struct question question;
	if (parse(&question, server, name, address) < 0)
		return -1;
	pid_t pid = fork();
	if (pid != 0)
		return pid < 0 ? -1 : child_wait(pid);
	if (setns(netns, CLONE_NEWNET) < 0)
		_exit(1);
	for (int i = 0; i < TRIES; i++) {
		if (answered(&question))
			_exit(0);
		nanosleep(&(struct timespec){.tv_nsec = TRY_MS * 1000000L}, NULL);
	}
	_exit(1);
}
