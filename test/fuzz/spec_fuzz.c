/* config.json as the runtime reads it, its seccomp profile included. */
#include "json_mutator.h"
#include "runtime/seccomp.h"
#include "runtime/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct spec spec = {0};
	struct error err;
	write_input("config.json", input, size);
	if (spec_load(AT_FDCWD, "config.json", &spec, &err) == 0 && spec.seccomp) {
		struct seccomp_program program = {0};
		if (seccomp_compile(spec.seccomp, &program, &err) == 0)
			free(program.filter);
	}
	spec_free(&spec);
	/* Descriptors that were never opened must not be closed. */
	if (fcntl(STDIN_FILENO, F_GETFD) < 0)
		abort();
	return 0;
}
