#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "cleanup.h"
#include "file.h"
#include "runtime/capabilities.h"

#define DOCUMENT_MAX (4U << 20)

static int bad(struct error *err, const char *file, const char *what)
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
		bad(err, file, problem.text);
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
	if (json_unpack_ex(object, &problem, 0, "{s:o s?o s:s !}", "path", &path, "args", &config->runtime_args, "root",
			   &config->runtime_root) < 0)
		return error_set(err, "bad-config", "%s: runtime: %s", file, problem.text);
	if (nullable_string(path, file, "runtime.path", &config->runtime_path, err) < 0)
		return -1;
	if (config->runtime_args && !config_is_strings(config->runtime_args))
		return bad(err, file, "runtime.args is not an array of strings");
	if (!config_is_absolute(config->runtime_root) || (config->runtime_path && !config_is_absolute(config->runtime_path)))
		return bad(err, file, "runtime: path and root must be absolute");
	return 0;
}

/* A rootfs that is there already. */
static int parse_present(json_t *object, struct rootfs_config *rootfs, struct error *err)
{
	const char *file = "monitor.json: rootfs", *driver;
	json_error_t problem;
	if (json_unpack_ex(object, &problem, 0, "{s:s s?s !}", "driver", &driver, "target", &rootfs->target) < 0)
		return bad(err, file, problem.text);
	return rootfs->target && !config_is_absolute(rootfs->target) ? bad(err, file, "target must be absolute") : 0;
}

static int parse_rootfs(json_t *object, struct rootfs_config *rootfs, struct error *err)
{
	const char *file = "monitor.json: rootfs", *driver = json_string_value(json_object_get(object, "driver"));
	if (driver && strcmp(driver, "none") == 0)
		return parse_present(object, rootfs, err);
	int read_only = 0; /* the runtime's business: the overlay itself stays writable for mount points */
	json_error_t problem;
	if (json_unpack_ex(object, &problem, 0, "{s:s s:o s?s s?s s:s s?o s?b s?s s?s s?s !}", "driver", &driver, "lower",
			   &rootfs->lower, "upper", &rootfs->upper, "work", &rootfs->work, "target", &rootfs->target,
			   "options", &rootfs->options, "readOnly", &read_only, "program", &rootfs->program, "uidMapping",
			   &rootfs->uid_mapping, "gidMapping", &rootfs->gid_mapping) < 0)
		return bad(err, file, problem.text);
	if (strcmp(driver, "overlay") == 0)
		rootfs->driver = ROOTFS_OVERLAY;
	else if (strcmp(driver, "fuse-overlayfs") == 0)
		rootfs->driver = ROOTFS_FUSE;
	else
		return bad(err, file, "driver is not one of overlay, fuse-overlayfs, none");
	if (!config_is_strings(rootfs->lower) || json_array_size(rootfs->lower) == 0 ||
	    (rootfs->options && !config_is_strings(rootfs->options)))
		return bad(err, file, "lower and options must be arrays of strings, lower not empty");
	if (!rootfs->upper != !rootfs->work)
		return bad(err, file, "upper and work come together");
	if (!config_is_absolute(rootfs->target) ||
	    (rootfs->upper && (!config_is_absolute(rootfs->upper) || !config_is_absolute(rootfs->work))))
		return bad(err, file, "paths must be absolute");
	if (rootfs->driver == ROOTFS_FUSE && !config_is_absolute(rootfs->program))
		return bad(err, file, "fuse-overlayfs needs the absolute path of its program");
	return 0;
}

/* What is at a path in a directory that others can change: links in it do not lead out of it. */
static int parse_subpath(json_t *object, struct rootfs_config *rootfs, struct error *err)
{
	const char *file = "monitor.json: overlays", *driver;
	json_error_t problem;
	if (json_unpack_ex(object, &problem, 0, "{s:s s:s s:s s:s !}", "driver", &driver, "source", &rootfs->source, "path",
			   &rootfs->path, "target", &rootfs->target) < 0)
		return bad(err, file, problem.text);
	if (!config_is_absolute(rootfs->source) || !config_is_absolute(rootfs->target))
		return bad(err, file, "source and target must be absolute");
	rootfs->driver = ROOTFS_SUBPATH;
	return 0;
}

/* What another container has mounted. */
static int parse_adopt(json_t *object, struct rootfs_config *rootfs, struct error *err)
{
	const char *file = "monitor.json: overlays", *driver;
	int pid;
	json_error_t problem;
	if (json_unpack_ex(object, &problem, 0, "{s:s s:i s:s s:s !}", "driver", &driver, "pid", &pid, "source",
			   &rootfs->source, "target", &rootfs->target) < 0)
		return bad(err, file, problem.text);
	if (pid <= 0 || !config_is_absolute(rootfs->source) || !config_is_absolute(rootfs->target))
		return bad(err, file, "pid must be positive, source and target absolute");
	rootfs->pid = pid;
	rootfs->driver = ROOTFS_ADOPT;
	return 0;
}

static int parse_filesystem(json_t *object, struct rootfs_config *rootfs, struct error *err)
{
	const char *file = "monitor.json: overlays", *driver;
	json_error_t problem;
	if (json_unpack_ex(object, &problem, 0, "{s:s s:s s:s s:o s:s !}", "driver", &driver, "type", &rootfs->type, "source",
			   &rootfs->source, "options", &rootfs->options, "target", &rootfs->target) < 0)
		return bad(err, file, problem.text);
	if (!config_is_strings(rootfs->options) || !config_is_absolute(rootfs->target))
		return bad(err, file, "options must be an array of strings, target absolute");
	rootfs->driver = ROOTFS_FILESYSTEM;
	return 0;
}

static int parse_overlay(json_t *object, struct rootfs_config *overlay, struct error *err)
{
	const char *driver = json_string_value(json_object_get(object, "driver"));
	if (driver && strcmp(driver, "subpath") == 0)
		return parse_subpath(object, overlay, err);
	if (driver && strcmp(driver, "adopt") == 0)
		return parse_adopt(object, overlay, err);
	if (driver && strcmp(driver, "filesystem") == 0)
		return parse_filesystem(object, overlay, err);
	if (parse_rootfs(object, overlay, err) < 0)
		return -1;
	if (overlay->driver != ROOTFS_OVERLAY)
		return bad(err, "monitor.json: overlays", "driver is not one of overlay, subpath, adopt, filesystem");
	return 0;
}

static int parse_overlays(json_t *array, struct config *config, struct error *err)
{
	const char *file = "monitor.json: overlays";
	if (!array || json_is_null(array))
		return 0;
	if (!json_is_array(array))
		return bad(err, file, "it is not an array");
	config->overlays = calloc(json_array_size(array) + 1, sizeof *config->overlays);
	if (!config->overlays)
		return error_errno(err, "internal", "allocate");
	for (size_t i = 0; i < json_array_size(array); i++) {
		struct rootfs_config *overlay = &config->overlays[config->overlay_count++];
		if (parse_overlay(json_array_get(array, i), overlay, err) < 0)
			return -1;
	}
	return 0;
}

static int parse_workdir(json_t *object, struct workdir_config *workdir, struct error *err)
{
	const char *file = "monitor.json: workdir";
	json_error_t problem;
	json_int_t uid, gid;
	int make;
	if (!object || json_is_null(object))
		return 0;
	if (json_unpack_ex(object, &problem, 0, "{s:s s:s s:b s:I s:I !}", "root", &workdir->root, "path", &workdir->path,
			   "make", &make, "uid", &uid, "gid", &gid) < 0)
		return bad(err, file, problem.text);
	if (!config_is_absolute(workdir->root) || !config_is_absolute(workdir->path) || uid < 0 || gid < 0)
		return bad(err, file, "root and path must be absolute, uid and gid not negative");
	workdir->make = make;
	workdir->uid = (uid_t)uid;
	workdir->gid = (gid_t)gid;
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
		return bad(err, file, problem.text);
	return config_is_absolute(users->root) ? 0 : bad(err, file, "root must be absolute");
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
		return bad(err, file, problem.text);
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
		return bad(err, file, "driver is not one of k8s-file, json-file, journald, none, passthrough");
	if (config->log != LOG_NONE && config->log != LOG_PASSTHROUGH && !config_is_absolute(config->log_path))
		return bad(err, file, "path must be absolute");
	if (max_size < 0 || max_file < 1 || max_file > 1000)
		return bad(err, file, "maxSize must not be negative, maxFile be 1 to 1000");
	config->log_max_size = (unsigned long long)max_size;
	config->log_max_file = (unsigned)max_file;
	return 0;
}

static int parse_port(json_t *object, struct port *port, struct error *err)
{
	const char *file = "monitor.json: network.ports";
	json_error_t problem;
	if (json_unpack_ex(object, &problem, 0, "{s:s s:i s:i s:s !}", "hostIp", &port->host_ip, "hostPort",
			   &port->host_port, "containerPort", &port->container_port, "protocol", &port->protocol) < 0)
		return bad(err, file, problem.text);
	if (port->host_port < 1 || port->host_port > 65535 || port->container_port < 1 || port->container_port > 65535)
		return bad(err, file, "a port is outside 1 to 65535");
	if (strcmp(port->protocol, "tcp") != 0 && strcmp(port->protocol, "udp") != 0)
		return bad(err, file, "protocol is not one of tcp, udp");
	return 0;
}

static int parse_ports(json_t *array, struct error *err)
{
	if (array && !json_is_array(array))
		return bad(err, "monitor.json: network.ports", "it is not an array");
	for (size_t i = 0; i < json_array_size(array); i++) {
		struct port port;
		if (parse_port(json_array_get(array, i), &port, err) < 0)
			return -1;
	}
	return 0;
}

static int parse_bridge(json_t *object, struct bridge_config *bridge, struct error *err)
{
	const char *file = "monitor.json: network.bridge";
	json_error_t problem;
	if (json_unpack_ex(object, &problem, 0, "{s:s s:s s:s s:o s:o !}", "directory", &bridge->directory, "netavark",
			   &bridge->netavark, "aardvark", &bridge->aardvark, "setup", &bridge->setup, "resolve",
			   &bridge->resolve) < 0)
		return bad(err, file, problem.text);
	if (!config_is_absolute(bridge->directory) || !config_is_absolute(bridge->netavark) ||
	    !config_is_absolute(bridge->aardvark) || !json_is_object(bridge->setup) || !json_is_array(bridge->resolve))
		return bad(err, file, "paths must be absolute, setup an object, resolve an array");
	return 0;
}

static int parse_network(json_t *object, struct config *config, struct error *err)
{
	const char *file = "monitor.json: network", *mode;
	json_error_t problem;
	json_t *bridge = NULL;
	if (json_unpack_ex(object, &problem, 0, "{s:s s?s s?o s?o s?s s?o !}", "mode", &mode, "program",
			   &config->network_program, "args", &config->network_args, "ports", &config->ports, "address",
			   &config->network_address, "bridge", &bridge) < 0)
		return bad(err, file, problem.text);
	if (strcmp(mode, "none") == 0 || strcmp(mode, "host") == 0 || strcmp(mode, "path") == 0)
		return 0;
	if (strcmp(mode, "slirp4netns") == 0)
		config->network = NETWORK_SLIRP;
	else if (strcmp(mode, "pasta") == 0)
		config->network = NETWORK_PASTA;
	else if (strcmp(mode, "bridge") == 0)
		config->network = NETWORK_BRIDGE;
	else
		return bad(err, file, "mode is not one of none, host, path, slirp4netns, pasta, bridge");
	if (config->network == NETWORK_BRIDGE && !config->network_address)
		return bad(err, file, "a bridge needs an address");
	if (config->network == NETWORK_BRIDGE && parse_bridge(bridge, &config->bridge, err) < 0)
		return -1;
	if (!config_is_absolute(config->network_program) || (config->network_args && !config_is_strings(config->network_args)))
		return bad(err, file, "it needs an absolute program and args of strings");
	return parse_ports(config->ports, err);
}

int config_load_network(const char *text, struct config *config, struct error *err)
{
	json_error_t problem;
	json_t *network, *alive = NULL;
	config->document = json_loads(text, JSON_REJECT_DUPLICATES, &problem);
	if (!config->document || json_unpack_ex(config->document, &problem, 0, "{s:o s?o !}", "network", &network, "aliveFile", &alive) < 0)
		return bad(err, "setup", problem.text);
	if (nullable_string(alive, "setup", "aliveFile", &config->alive_file, err) < 0)
		return -1;
	return parse_network(network, config, err);
}

static int parse_restart(json_t *object, struct config *config, struct error *err)
{
	const char *file = "monitor.json: restart", *policy;
	int max = 0;
	json_error_t problem;
	if (json_unpack_ex(object, &problem, 0, "{s:s s?i !}", "policy", &policy, "max", &max) < 0)
		return bad(err, file, problem.text);
	if (strcmp(policy, "always") == 0 || strcmp(policy, "unless-stopped") == 0)
		config->restart = RESTART_ALWAYS;
	else if (strcmp(policy, "on-failure") == 0)
		config->restart = RESTART_ON_FAILURE;
	else if (strcmp(policy, "no") != 0)
		return bad(err, file, "policy is not one of no, always, on-failure, unless-stopped");
	if (max < 0)
		return bad(err, file, "max must not be negative");
	config->restart_max = (unsigned)max;
	return 0;
}

#define PRESERVED_FD_MAX 65536

static int parse_preserved(json_t *array, const char *file, struct config *config, struct error *err)
{
	size_t i;
	json_t *item;
	if (array && !json_is_array(array))
		return bad(err, file, "preserveFds is not an array");
	json_array_foreach(array, i, item) {
		json_int_t fd = json_integer_value(item);
		if (fd < 3 || fd > PRESERVED_FD_MAX)
			return bad(err, file, "preserveFds has what is no descriptor from 3 on");
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
		return bad(err, file, "cleanup is neither null nor an array of strings");
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
		return bad(err, file, problem.text);
	for (size_t i = NOTIFY_CONTAINER; i <= NOTIFY_HEALTHY; i++)
		if (strcmp(mode, modes[i]) == 0)
			config->notify = (enum notify_mode)i;
	if (config->notify == NOTIFY_NONE || !strchr("/@", config->notify_socket[0]))
		return bad(err, file, "mode is not one of container, conmon, healthy, or socket is no address");
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
		return bad(err, file, problem.text);
	if (!config_is_strings(names))
		return bad(err, file, "capabilities is not an array of strings");
	json_array_foreach(names, i, name) {
		int capability = capability_from_name(json_string_value(name));
		if (capability < 0)
			return bad(err, file, "capabilities has one that is not known");
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
		return bad(err, file, "id has characters that an id may not have");
	if (!config_is_absolute(config->run_dir) || (config->alive_file && !config_is_absolute(config->alive_file)))
		return bad(err, file, "runDir and aliveFile must be absolute");
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
			   "{s:i s:s s:s s:o s:o s:b s:b s:b s:o s:s s:o s:o s:i s:i s:i s:o s:o s:b s?o s?o s?o s?o s?s s?o s?o s?b s?o !}", "version",
			   &version, "id", &config->id, "name", &config->name, "runtime", &runtime, "rootfs", &rootfs, "terminal",
			   &terminal, "openStdin", &open_stdin, "stdinOnce", &stdin_once, "log", &log, "runDir",
			   &config->run_dir, "aliveFile", &alive, "network", &network, "stopSignal",
			   &config->stop_signal, "stopTimeout", &config->stop_timeout, "timeout", &config->timeout, "restart",
			   &restart, "cleanup", &cleanup, "cleanupAlways", &cleanup_always, "preserveFds",
			   &preserved, "workdir", &workdir, "health", &health, "overlays", &overlays, "systemdSlice", &config->systemd_slice,
			   "notify", &notify, "privileges", &privileges, "stayInUnit", &stay, "users", &users) < 0)
		return bad(err, file, problem.text);
	if (nullable_string(alive, file, "aliveFile", &config->alive_file, err) < 0)
		return -1;
	config->terminal = terminal;
	config->open_stdin = open_stdin;
	config->stdin_once = stdin_once;
	config->cleanup_always = cleanup_always;
	config->stay = stay;
	if (config->stop_signal < 1 || config->stop_signal > 64 || config->timeout < 0)
		return bad(err, file, "stopSignal or timeout is out of range");
	if (check_common(config, version, file, err) < 0 || parse_runtime(runtime, file, config, err) < 0 ||
	    parse_rootfs(rootfs, &config->rootfs, err) < 0 || parse_overlays(overlays, config, err) < 0 || parse_workdir(workdir, &config->workdir, err) < 0 ||
	    parse_users(users, &config->users, err) < 0 ||
	    parse_log(log, config, err) < 0 || parse_network(network, config, err) < 0 ||
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
		return bad(err, file, problem.text);
	if (nullable_string(alive, file, "aliveFile", &config->alive_file, err) < 0)
		return -1;
	config->open_stdin = open_stdin;
	config->stop_signal = 15;
	config->stop_timeout = 10;
	if (!json_is_object(config->process) || parse_identity(init, &config->init) < 0)
		return bad(err, file, "process or init is not what it must be");
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

struct port config_port(const struct config *config, size_t index)
{
	struct port port = {0};
	struct error unused;
	parse_port(json_array_get(config->ports, index), &port, &unused);
	return port;
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
