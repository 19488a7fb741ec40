#ifndef CORACLE_LAUNCHER_H
#define CORACLE_LAUNCHER_H

int launcher_main(int argc, char **argv);
/* As a generator of systemd's. */
int launcher_generator_main(int argc, char **argv);

#endif
