#include "command_line.h"

#include <stddef.h>
#include <string.h>

/* Global flags that take a value; the word after one of these is not the command. */
static const char *const valued_flags[] = {
	"--cdi-spec-dir", "--cgroup-manager", "--cni-config-dir", "--config", "--conmon", "--connection", "-c", "--context",
	"--cpu-profile",
	"--db-backend", "--default-mounts-file", "--events-backend", "--hooks-dir", "--host", "-H", "--identity", "--imagestore",
	"--log-level", "--max-workers", "--memory-profile", "--module", "--namespace", "--network-cmd-path",
	"--network-config-dir", "--out", "--pull-option", "--registries-conf", "--root", "--runroot", "--runtime", "--runtime-flag",
	"--ssh", "--storage-driver", "--storage-opt", "--tmpdir", "--url", "--volumepath", NULL,
};

static const char *const readers[] = {
	"__complete", "__quadlet-generator", "auto-update", "completion", "events", "generate", "help", "history", "images", "inspect", "login", "logout", "logs", "port",
	"ps", "quadlet", "search", "stats", "version", "wait", NULL,
};

/* What only reads below `container`, `image`, `volume`, … */
static const char *const groups[] = {
	"container", "image", "manifest", "network", "pod", "secret", "system", "volume", NULL,
};
static const char *const group_readers[] = {
	"events", "exists", "history", "inspect", "list", "logs", "ls", "port", "ps", "search", "stats", "wait",
	NULL,
};

/* Also below `container`, `image`, `volume`. */
static const char *const mounters[] = {"mount", "umount", "unmount", NULL};

/* What moves data isn't among them: the bytes pass by the interpreter. */
static const char *const long_commands[] = {
	"build", "events", "kube", "play", "service", "stats", NULL,
};

static bool listed(const char *word, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(word, *list) == 0)
			return true;
	return false;
}

static bool asks_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static bool asks_version(const char *word)
{
	return strcmp(word, "--version") == 0 || strcmp(word, "-v") == 0;
}

/* Of the first word that is no global flag, or argc. */
static int command_index(int argc, char **argv)
{
	int i = 1;
	for (; i < argc && argv[i][0] == '-'; i++)
		if (listed(argv[i], valued_flags))
			i++;
	return i < argc ? i : argc;
}

bool command_is_long(int argc, char **argv)
{
	int i = command_index(argc, argv);
	if (i < argc && listed(argv[i], groups) && !listed(argv[i], long_commands))
		i++;
	return i < argc && listed(argv[i], long_commands);
}

bool command_publishes(int argc, char **argv)
{
	static const char *const starters[] = {"restart", "start", NULL};
	int i = command_index(argc, argv);
	if (i < argc && strcmp(argv[i], "container") == 0)
		i++;
	if (i < argc && listed(argv[i], starters))
		return true;
	if (i >= argc || strcmp(argv[i], "run") != 0)
		return false;
	for (i++; i < argc; i++) {
		bool is_short = argv[i][0] == '-' && argv[i][1] != '-' && strpbrk(argv[i], "pP");
		if (is_short || strncmp(argv[i], "--publish", strlen("--publish")) == 0)
			return true;
	}
	return false;
}

enum command_kind command_kind(int argc, char **argv)
{
	int i = command_index(argc, argv);
	for (int flag = 1; flag < i; flag++) {
		if (asks_version(argv[flag]))
			return COMMAND_VERSION;
		if (asks_help(argv[flag]))
			return COMMAND_READS;
		if (listed(argv[flag], valued_flags))
			flag++;
	}
	if (i >= argc || listed(argv[i], readers))
		return COMMAND_READS;
	bool grouped = listed(argv[i], groups);
	enum command_kind kind = listed(argv[i], mounters) ? COMMAND_MOUNTS : COMMAND_ENTERS;
	if (++i >= argc)
		return grouped ? COMMAND_READS : kind;
	/* `run -h` sets a host name in other commands: only the long word is help for sure. */
	if (strcmp(argv[i], "--help") == 0 || (grouped && listed(argv[i], group_readers)))
		return COMMAND_READS;
	return grouped && listed(argv[i], mounters) ? COMMAND_MOUNTS : kind;
}
