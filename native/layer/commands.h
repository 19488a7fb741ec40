/* The commands of the layer tool: arguments after the command's name; 0, or -1 with the error. */
#ifndef CORACLE_LAYER_COMMANDS_H
#define CORACLE_LAYER_COMMANDS_H

#include <getopt.h>

#include "error.h"

int apply_command(int argc, char **argv, struct error *err);
int archive_command(int argc, char **argv, struct error *err);
int cat_command(int argc, char **argv, struct error *err);
int chown_command(int argc, char **argv, struct error *err);
int clone_command(int argc, char **argv, struct error *err);
int compress_command(int argc, char **argv, struct error *err);
int copy_command(int argc, char **argv, struct error *err);
int decompress_command(int argc, char **argv, struct error *err);
int diff_command(int argc, char **argv, struct error *err);
int extract_command(int argc, char **argv, struct error *err);
int list_command(int argc, char **argv, struct error *err);
int remove_command(int argc, char **argv, struct error *err);
int stat_command(int argc, char **argv, struct error *err);
int sync_command(int argc, char **argv, struct error *err);
int usage_command(int argc, char **argv, struct error *err);

/* getopt_long for a command without operands. Returns the option's value or -1 at the end, -2: error. */
int option_next(int argc, char **argv, const struct option *options, struct error *err);
/* A decimal number as an option's argument. */
int option_number(const char *option, const char *text, unsigned long long max, unsigned long long *value,
		 struct error *err);
/* Opens a directory given by the caller; its own path is trusted. */
int option_directory(const char *path, struct error *err);

#endif
