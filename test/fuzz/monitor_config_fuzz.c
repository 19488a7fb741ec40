/* monitor.json and exec.json as the monitor reads them. */
#include "json_mutator.h"
#include "monitor/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct config config = {0};
	struct error err;
	int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	write_input("monitor.json", input, size);
	if (config_load_container(here, &config, &err) == 0) {
		for (size_t i = 0; i < json_array_size(config.ports); i++)
			config_port(&config, i);
	}
	config_free(&config);
	memset(&config, 0, sizeof config);
	write_input("exec.json", input, size);
	config_load_exec(here, &config, &err);
	config_free(&config);
	close(here);
	return 0;
}
