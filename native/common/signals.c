#include "signals.h"

#include <signal.h>

void signals_reset(void)
{
	sigset_t none;
	sigemptyset(&none);
	for (int number = 1; number < NSIG; number++)
		(void)signal(number, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
}
