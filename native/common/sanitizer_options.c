/* For processes whose environment isn't ours: Podman gives its conmon none. */
#ifdef SANITIZER_REPORTS
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	/* Leaks can't be looked for in a process that denies inspection. */
	return "detect_leaks=0:abort_on_error=1:log_path=" SANITIZER_REPORTS;
}
#else
typedef int sanitizers_keep_their_defaults;
#endif
