/* Scope-bound resources. A moved-out value is taken with steal_fd() or steal_ptr(). */
#ifndef CORACLE_CLEANUP_H
#define CORACLE_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_close_(int *fd)
{
	if (*fd >= 0) {
		int saved = errno;
		close(*fd);
		errno = saved;
	}
}
static inline void cleanup_free_(void *p)
{
	free(*(void **)p);
}
static inline void cleanup_fclose_(FILE **f)
{
	if (*f)
		fclose(*f);
}
static inline void cleanup_closedir_(DIR **d)
{
	if (*d)
		closedir(*d);
}

#define auto_close __attribute__((cleanup(cleanup_close_)))
#define auto_free __attribute__((cleanup(cleanup_free_)))
#define auto_fclose __attribute__((cleanup(cleanup_fclose_)))
#define auto_closedir __attribute__((cleanup(cleanup_closedir_)))

static inline int steal_fd(int *fd)
{
	int value = *fd;
	*fd = -1;
	return value;
}
static inline void *steal_ptr_(void **p)
{
	void *value = *p;
	*p = NULL;
	return value;
}
#define steal_ptr(p) ((__typeof__(*(p)))steal_ptr_((void **)(p)))

#endif
