#include "terminal.h"

#include <termios.h>
#include <unistd.h>

static struct termios saved;
static volatile bool raw;

void terminal_raw(void)
{
	struct termios attributes;
	/* From the background it would be taken away from the job that has it now. */
	if (raw || !isatty(STDIN_FILENO) || tcgetpgrp(STDIN_FILENO) != getpgrp() || tcgetattr(STDIN_FILENO, &saved) < 0)
		return;
	attributes = saved;
	cfmakeraw(&attributes);
	if (tcsetattr(STDIN_FILENO, TCSANOW, &attributes) == 0)
		raw = true;
}

bool terminal_is_raw(void)
{
	return raw;
}

void terminal_restore(void)
{
	if (raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &saved);
	raw = false;
}

bool terminal_size(struct winsize *size)
{
	for (int fd = STDIN_FILENO; fd <= STDOUT_FILENO; fd++) {
		if (isatty(fd) && ioctl(fd, TIOCGWINSZ, size) == 0)
			return true;
	}
	*size = (struct winsize){0};
	return false;
}
