/* Which descriptors the caller has handed down. */
#ifndef CORACLE_LAUNCHER_INHERITED_H
#define CORACLE_LAUNCHER_INHERITED_H

/*
 * CORACLE_FDS for the engine: later it could not tell them from its own. To be called before any is opened. Only where the
 * command line or the environment speaks of descriptors to be passed on.
 */
void inherited_note(int argc, char **argv);

#endif
