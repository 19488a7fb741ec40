#include "notify_send.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cleanup.h"

void notify_send(const char *socket_name, const char *text, size_t length)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t size = strlen(socket_name);
	if (size >= sizeof address.sun_path)
		return;
	memcpy(address.sun_path, socket_name, size);
	if (address.sun_path[0] == '@')
		address.sun_path[0] = '\0';
	auto_close int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t whole = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
	if (fd < 0 || sendto(fd, text, length, MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&address, whole) < 0)
		return;
}
