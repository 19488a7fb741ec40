/* One binary, several programs: the base name of argv[0] picks one. */
#include <stdio.h>
#include <string.h>

#include "conmon/conmon.h"
#include "layer/layer.h"
#include "launcher/launcher.h"
#include "monitor/monitor.h"
#include "runtime/runtime.h"

int main(int argc, char **argv)
{
	const char *name = argc > 0 ? argv[0] : "coracle";
	const char *slash = strrchr(name, '/');
	if (slash)
		name = slash + 1;
	if (strcmp(name, "coracle-runtime") == 0)
		return runtime_main(argc, argv);
	if (strcmp(name, "coracle-monitor") == 0)
		return monitor_main(argc, argv);
	if (strcmp(name, "coracle-conmon") == 0)
		return conmon_main(argc, argv);
	if (strcmp(name, "coracle-layer") == 0)
		return layer_main(argc, argv);
	if (strcmp(name, "coracle-user-generator") == 0)
		return launcher_generator_main(argc, argv);
	return launcher_main(argc, argv);
}
