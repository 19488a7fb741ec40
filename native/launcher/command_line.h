/* As much of the command line as the launcher must know before the engine parses it. */
#ifndef CORACLE_COMMAND_LINE_H
#define CORACLE_COMMAND_LINE_H

#include <stdbool.h>

enum command_kind {
	COMMAND_ENTERS,  /* needs the user's namespace */
	COMMAND_READS,   /* only reads records: starts without it, and asks for it when it turns out to need it */
	COMMAND_MOUNTS,  /* works on the mounts of its caller, who is root where he can have any */
	COMMAND_VERSION, /* answered by the launcher */
};

enum command_kind command_kind(int argc, char **argv);

/* Whether a command moves data or goes on for long, so that compiling its code for the machine is worth the time. */
bool command_is_long(int argc, char **argv);

/* Whether a command may start a container with published ports. Not exact: a word of the container's looks the same. */
bool command_publishes(int argc, char **argv);

#endif
