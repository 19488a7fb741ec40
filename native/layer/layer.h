#ifndef CORACLE_LAYER_H
#define CORACLE_LAYER_H

int layer_main(int argc, char **argv);

#endif
