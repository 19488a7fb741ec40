#ifndef CORACLE_MONITOR_H
#define CORACLE_MONITOR_H

int monitor_main(int argc, char **argv);

#endif
