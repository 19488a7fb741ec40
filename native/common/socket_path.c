#include "socket_path.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un address_at(int directory, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", directory, name);
	return address;
}

int socket_bind_at(int fd, int directory, const char *name)
{
	struct sockaddr_un address = address_at(directory, name);
	return bind(fd, (struct sockaddr *)&address, sizeof address);
}

int socket_connect_at(int fd, int directory, const char *name)
{
	struct sockaddr_un address = address_at(directory, name);
	return connect(fd, (struct sockaddr *)&address, sizeof address);
}

void socket_path(char *path, size_t size, const char *directory_path, int directory, const char *name)
{
	struct sockaddr_un address;
	size_t length = (size_t)snprintf(path, size, "%s/%s", directory_path, name);
	if (length >= sizeof address.sun_path)
		snprintf(path, size, "/proc/%d/fd/%d/%s", (int)getpid(), directory, name);
}
