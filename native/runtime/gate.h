/*
 * The start gate: init waits here between create and start. The other end is a socket pair (monitor) or the socket
 * STATE_GATE in the state directory (command line). Both speak:
 *   starter: SYNC_GO
 *   init:    a descriptor of the state directory, then SYNC_ERROR, or end of file when the program runs
 */
#ifndef CORACLE_RUNTIME_GATE_H
#define CORACLE_RUNTIME_GATE_H

#include "error.h"

/* A listening socket in the directory, at STATE_CREATING until gate_ready(). */
int gate_listen(int state_dir, struct error *err);
/* Leaves the mark that `state` goes by when the gate is a socket pair. */
int gate_mark(int state_dir, struct error *err);
/* The container is made: what `state` goes by becomes STATE_GATE. */
int gate_ready(int state_dir, struct error *err);
/* In init: waits for the start. Returns the connection. */
int gate_wait(int gate, int listening, int state_dir, struct error *err);
/* The starter's side of the socket in the state directory. */
int gate_connect(int state_dir, struct error *err);

#endif
