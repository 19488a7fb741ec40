#include "config.h"

#include <string.h>

#include "cleanup.h"
#include "file.h"
#include "runtime/capabilities.h"

#define DOCUMENT_MAX (4U << 20)

int config_bad(struct error *err, const char *file, const char *what)
{
	return error_set(err, "bad-config", "%s: %s", file, what);
}

static json_t *load(int directory, const char *file, struct error *err)
{
	size_t length;
	auto_free char *text = read_file_at(directory, file, DOCUMENT_MAX, &length);
	if (!text) {
		error_errno(err, "bad-config", "read %s", file);
		return NULL;
	}
	json_error_t problem;
	json_t *document = json_loadb(text, length, JSON_REJECT_DUPLICATES, &problem);
	if (!document)
		config_bad(err, file, problem.text);
	return document;
}

bool config_is_strings(const json_t *array)
{
	size_t i;
	json_t *item;
	if (!json_is_array(array))
		return false;
	json_array_foreach(array, i, item) {
		if (!json_is_string(item))
			return false;
	}
	return true;
}

/* A string, or null, or a key that isn't there. */
static int nullable_string(json_t *value, const char *file, const char *key, const char **string, struct error *err)
{
	*string = json_string_value(value);
	if (value && !json_is_null(value) && !*string)
		return error_set(err, "bad-config", "%s: %s is neither a string nor null", file, key);
	return 0;
}

bool config_is_absolute(const char *path)
{
	return path && path[0] == '/';
}

static bool is_id(const char *id)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+.-";
	return id[0] != '\0' && id[0] != '.' && strspn(id, allowed) == strlen(id);
}

static int parse_runtime(json_t *object, const char *file, struct config *config, struct error *err)
{
	json_error_t problem;
	json_t *path;
	int no_new_keyring = 0, no_pivot = 0;
	if (json_unpack_ex(object, &problem, 0, "{s:o s?o s:s s?b s?b !}", "path", &path, "args", &config->runtime_args,
			   "root", &config->runtime_root, "noNewKeyring", &no_new_keyring, "noPivot", &no_pivot) < 0)
		return error_set(err, "bad-config", "%s: runtime: %s", file, problem.text);
	config->no_new_keyring = no_new_keyring;
	config->no_pivot = no_pivot;
	if (nullable_string(path, file, "runtime.path", &config->runtime_path, err) < 0)
		return -1;
	if (config->runtime_args && !config_is_strings(config->runtime_args))
		return config_bad(err, file, "runtime.args is not an array of strings");
	if (!config_is_absolute(config->runtime_root) || (config->runtime_path && !config_is_absolute(config->runtime_path)))
		return config_bad(err, file, "runtime: path and root must be absolute");
	return 0;
}

static int parse_users(json_t *object, struct users_config *users, struct error *err)
{
	const char *file = "monitor.json: users";
	json_error_t problem;
	if (!object)
		return 0;
	if (json_unpack_ex(object, &problem, 0, "{s:s s?s s?s !}", "root", &users->root, "passwd", &users->passwd, "group",
			   &users->group) < 0)
		return config_bad(err, file, problem.text);
	return config_is_absolute(users->root) ? 0 : config_bad(err, file, "root must be absolute");
}

static int parse_log(json_t *object, struct config *config, struct error *err)
{
	const char *file = "monitor.json: log", *driver;
	json_int_t max_size = 0;
	int max_file = 1;
	json_error_t problem;
	json_t *path = NULL;
	if (json_unpack_ex(object, &problem, 0, "{s:s s?o s?I s?i s?s !}", "driver", &driver, "path", &path, "maxSize",
			   &max_size, "maxFile", &max_file, "tag", &config->log_tag) < 0)
		return config_bad(err, file, problem.text);
	if (nullable_string(path, file, "path", &config->log_path, err) < 0)
		return -1;
	if (strcmp(driver, "k8s-file") == 0)
		config->log = LOG_K8S;
	else if (strcmp(driver, "json-file") == 0)
		config->log = LOG_JSON;
	else if (strcmp(driver, "journald") == 0)
		config->log = LOG_JOURNALD;
	else if (strcmp(driver, "passthrough") == 0)
		config->log = LOG_PASSTHROUGH;
	else if (strcmp(driver, "none") != 0)
		return config_bad(err, file, "driver is not one of k8s-file, json-file, journald, none, passthrough");
	if (config->log != LOG_NONE && config->log != LOG_PASSTHROUGH && !config_is_absolute(config->log_path))
		return config_bad(err, file, "path must be absolute");
	if (max_size < 0 || max_file < 1 || max_file > 1000)
		return config_bad(err, file, "maxSize must not be negative, maxFile be 1 to 1000");
	config->log_max_size = (unsigned long long)max_size;
	config->log_max_file = (unsigned)max_file;
	return 0;
}

int config_load_network(const char *text, struct config *config, struct error *err)
{
	json_error_t problem;
	json_t *network, *alive = NULL;
	config->document = json_loads(text, JSON_REJECT_DUPLICATES, &problem);
	if (!config->document || json_unpack_ex(config->document, &problem, 0, "{s:o s?o !}", "network", &network, "aliveFile", &alive) < 0)
		return config_bad(err, "setup", problem.text);
	if (nullable_string(alive, "setup", "aliveFile", &config->alive_file, err) < 0)
		return -1;
	return config_parse_network(network, config, err);
}

static int parse_restart(json_t *object, struct config *config, struct error *err)
{
	const char *file = "monitor.json: restart", *policy;
	int max = 0;
	json_error_t problem;
	if (json_unpack_ex(object, &problem, 0, "{s:s s?i !}", "policy", &policy, "max", &max) < 0)
		return config_bad(err, file, problem.text);
	if (strcmp(policy, "always") == 0 || strcmp(policy, "unless-stopped") == 0)
		config->restart = RESTART_ALWAYS;
	else if (strcmp(policy, "on-failure") == 0)
		config->restart = RESTART_ON_FAILURE;
	else if (strcmp(policy, "no") != 0)
		return config_bad(err, file, "policy is not one of no, always, on-failure, unless-stopped");
	if (max < 0)
		return config_bad(err, file, "max must not be negative");
	config->restart_max = (unsigned)max;
	return 0;
}

#define PRESERVED_FD_MAX 65536

static int parse_preserved(json_t *array, const char *file, struct config *config, struct error *err)
{
	size_t i;
	json_t *item;
	if (array && !json_is_array(array))
		return config_bad(err, file, "preserveFds is not an array");
	json_array_foreach(array, i, item) {
		json_int_t fd = json_integer_value(item);
		if (fd < 3 || fd > PRESERVED_FD_MAX)
			return config_bad(err, file, "preserveFds has what is no descriptor from 3 on");
		if ((unsigned)fd - 2 > config->preserve_fds)
			config->preserve_fds = (unsigned)fd - 2;
	}
	config->preserved = array;
	return 0;
}

bool config_preserves(const struct config *config, int fd)
{
	size_t i;
	json_t *item;
	json_array_foreach(config->preserved, i, item) {
		if (json_integer_value(item) == fd)
			return true;
	}
	return false;
}

static int parse_cleanup(json_t *value, const char *file, struct config *config, struct error *err)
{
	if (json_is_null(value))
		return 0;
	if (!config_is_strings(value) || json_array_size(value) == 0)
		return config_bad(err, file, "cleanup is neither null nor an array of strings");
	config->cleanup = value;
	return 0;
}

static int parse_notify(json_t *object, struct config *config, struct error *err)
{
	static const char *const modes[] = {"", "container", "conmon", "healthy"};
	const char *file = "monitor.json: notify", *mode;
	json_error_t problem;
	if (!object || json_is_null(object))
		return 0;
	if (json_unpack_ex(object, &problem, 0, "{s:s s:s !}", "socket", &config->notify_socket, "mode", &mode) < 0)
		return config_bad(err, file, problem.text);
	for (size_t i = NOTIFY_CONTAINER; i <= NOTIFY_HEALTHY; i++)
		if (strcmp(mode, modes[i]) == 0)
			config->notify = (enum notify_mode)i;
	if (config->notify == NOTIFY_NONE || !strchr("/@", config->notify_socket[0]))
		return config_bad(err, file, "mode is not one of container, conmon, healthy, or socket is no address");
	return 0;
}

static int parse_privileges(json_t *object, struct config *config, struct error *err)
{
	const char *file = "monitor.json: privileges";
	json_t *names, *name;
	json_error_t problem;
	int no_new_privileges;
	size_t i;
	if (!object)
		return 0;
	if (json_unpack_ex(object, &problem, 0, "{s:o s:b !}", "capabilities", &names, "noNewPrivileges", &no_new_privileges) < 0)
		return config_bad(err, file, problem.text);
	if (!config_is_strings(names))
		return config_bad(err, file, "capabilities is not an array of strings");
	json_array_foreach(names, i, name) {
		int capability = capability_from_name(json_string_value(name));
		if (capability < 0)
			return config_bad(err, file, "capabilities has one that is not known");
		config->capabilities |= 1ULL << capability;
	}
	config->bounded = true;
	config->no_new_privileges = no_new_privileges;
	return 0;
}

static int check_common(const struct config *config, int version, const char *file, struct error *err)
{
	if (version != 1)
		return error_set(err, "bad-config", "%s: version %d is not known", file, version);
	if (!is_id(config->id))
		return config_bad(err, file, "id has characters that an id may not have");
	if (!config_is_absolute(config->run_dir) || (config->alive_file && !config_is_absolute(config->alive_file)))
		return config_bad(err, file, "runDir and aliveFile must be absolute");
	return 0;
}

int config_load_container(int directory, struct config *config, struct error *err)
{
	const char *file = "monitor.json";
	json_t *runtime, *rootfs, *workdir = NULL, *log, *network, *restart, *cleanup, *alive, *health = NULL, *preserved = NULL,
	       *overlays = NULL, *notify = NULL, *privileges = NULL, *users = NULL;
	int version, terminal, open_stdin, stdin_once, cleanup_always, stay = 0;
	json_error_t problem;
	*config = (struct config){.document = load(directory, file, err)};
	if (!config->document)
		return -1;
	if (json_unpack_ex(config->document, &problem, 0,
			   "{s:i s:s s:s s:o s:o s:b s:b s:b s:o s:s s:o s:o s:i s:i s:i s:o s:o s:b s?o s?o s?o s?o s?s s?o s?o s?b s?o s?s !}", "version",
			   &version, "id", &config->id, "name", &config->name, "runtime", &runtime, "rootfs", &rootfs, "terminal",
			   &terminal, "openStdin", &open_stdin, "stdinOnce", &stdin_once, "log", &log, "runDir",
			   &config->run_dir, "aliveFile", &alive, "network", &network, "stopSignal",
			   &config->stop_signal, "stopTimeout", &config->stop_timeout, "timeout", &config->timeout, "restart",
			   &restart, "cleanup", &cleanup, "cleanupAlways", &cleanup_always, "preserveFds",
			   &preserved, "workdir", &workdir, "health", &health, "overlays", &overlays, "systemdSlice", &config->systemd_slice,
			   "notify", &notify, "privileges", &privileges, "stayInUnit", &stay, "users", &users, "pidFile", &config->pid_file) < 0)
		return config_bad(err, file, problem.text);
	if (nullable_string(alive, file, "aliveFile", &config->alive_file, err) < 0)
		return -1;
	config->terminal = terminal;
	config->open_stdin = open_stdin;
	config->stdin_once = stdin_once;
	config->cleanup_always = cleanup_always;
	config->stay = stay;
	if (config->stop_signal < 1 || config->stop_signal > 64 || config->timeout < 0)
		return config_bad(err, file, "stopSignal or timeout is out of range");
	if (check_common(config, version, file, err) < 0 || parse_runtime(runtime, file, config, err) < 0 ||
	    config_parse_rootfs(rootfs, &config->rootfs, err) < 0 || config_parse_overlays(overlays, config, err) < 0 || config_parse_workdir(workdir, &config->workdir, err) < 0 ||
	    parse_users(users, &config->users, err) < 0 ||
	    parse_log(log, config, err) < 0 || config_parse_network(network, config, err) < 0 ||
	    parse_restart(restart, config, err) < 0 || parse_notify(notify, config, err) < 0 ||
	    parse_privileges(privileges, config, err) < 0 ||
	    config_parse_health(health, &config->health, err) < 0)
		return -1;
	return parse_preserved(preserved, file, config, err) < 0 ? -1 : parse_cleanup(cleanup, file, config, err);
}

static int parse_identity(json_t *object, struct process_identity *identity)
{
	json_int_t pid, start_time;
	const char *boot_id;
	if (json_unpack(object, "{s:I s:I s:s !}", "pid", &pid, "startTime", &start_time, "bootId", &boot_id) < 0 ||
	    strlen(boot_id) != BOOT_ID_LENGTH)
		return -1;
	identity->pid = (pid_t)pid;
	identity->start_time = (unsigned long long)start_time;
	memcpy(identity->boot_id, boot_id, BOOT_ID_LENGTH + 1);
	return 0;
}

int config_load_exec(int session, struct config *config, struct error *err)
{
	const char *file = "exec.json";
	json_t *init, *runtime, *cleanup, *alive, *preserved;
	int version, open_stdin;
	json_error_t problem;
	*config = (struct config){.document = load(session, file, err), .exec = true, .stdin_once = true};
	if (!config->document)
		return -1;
	if (json_unpack_ex(config->document, &problem, 0, "{s:i s:s s:s s:o s:b s:s s:o s:o s:o s:o s:o s?s !}", "version",
			   &version, "id", &config->id, "session", &config->session, "process", &config->process, "openStdin",
			   &open_stdin, "runDir", &config->run_dir, "aliveFile", &alive, "init", &init,
			   "runtime", &runtime, "preserveFds", &preserved, "cleanup", &cleanup, "systemdSlice", &config->systemd_slice) < 0)
		return config_bad(err, file, problem.text);
	if (nullable_string(alive, file, "aliveFile", &config->alive_file, err) < 0)
		return -1;
	config->open_stdin = open_stdin;
	config->stop_signal = 15;
	config->stop_timeout = 10;
	if (!json_is_object(config->process) || parse_identity(init, &config->init) < 0)
		return config_bad(err, file, "process or init is not what it must be");
	config->terminal = json_is_true(json_object_get(config->process, "terminal"));
	if (check_common(config, version, file, err) < 0 || parse_runtime(runtime, file, config, err) < 0 ||
	    parse_preserved(preserved, file, config, err) < 0)
		return -1;
	return parse_cleanup(cleanup, file, config, err);
}

void config_free(struct config *config)
{
	json_decref(config->document);
	free(config->overlays);
	*config = (struct config){0};
}

const char **config_argv(const char *program, const json_t *args, size_t extra)
{
	const char **argv = calloc(1 + json_array_size(args) + extra + 1, sizeof *argv);
	if (!argv)
		return NULL;
	argv[0] = program;
	for (size_t i = 0; i < json_array_size(args); i++)
		argv[1 + i] = json_string_value(json_array_get(args, i));
	return argv;
}
