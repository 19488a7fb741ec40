#ifndef CORACLE_SIGNALS_H
#define CORACLE_SIGNALS_H

/* In a new child: no signal is blocked or ignored, whatever our caller had ignored (nohup). */
void signals_reset(void);

#endif
