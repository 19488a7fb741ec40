#include "memory.h"

#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Of the linker: the beginning of the program, the end of its code. */
extern const char __executable_start[], etext[];

void memory_give_back(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t start = (uintptr_t)__executable_start & ~(page - 1), end = (uintptr_t)etext & ~(page - 1);
	malloc_trim(0);
	if (end > start)
		madvise((void *)start, end - start, MADV_DONTNEED);
}
