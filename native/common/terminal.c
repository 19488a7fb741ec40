#include "terminal.h"

#include <termios.h>
#include <unistd.h>

static struct termios saved;
/* The one that was changed and is to be restored. */
static volatile int terminal = -1;

static void change(int fd, void (*how)(struct termios *))
{
	struct termios attributes;
	/* From the background it would be taken away from the job that has it now. */
	if (terminal >= 0 || !isatty(fd) || tcgetpgrp(fd) != getpgrp() || tcgetattr(fd, &saved) < 0)
		return;
	attributes = saved;
	how(&attributes);
	if (tcsetattr(fd, TCSANOW, &attributes) == 0)
		terminal = fd;
}

void terminal_raw(void)
{
	change(STDIN_FILENO, cfmakeraw);
}

static void leave_output_alone(struct termios *attributes)
{
	attributes->c_oflag &= ~(tcflag_t)OPOST;
}

void terminal_raw_output(void)
{
	change(STDOUT_FILENO, leave_output_alone);
}

void terminal_restore(void)
{
	if (terminal >= 0)
		tcsetattr(terminal, TCSANOW, &saved);
	terminal = -1;
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
