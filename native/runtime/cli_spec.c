/* spec and features. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capabilities.h"
#include "cleanup.h"
#include "cli.h"
#include "file.h"
#include "mempolicy.h"
#include "spec.h"

static const char example[] =
	"{\"ociVersion\":\"" SPEC_VERSION "\","
	"\"process\":{\"terminal\":true,\"user\":{\"uid\":0,\"gid\":0},\"args\":[\"sh\"],"
	"\"env\":[\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\",\"TERM=xterm\"],\"cwd\":\"/\","
	"\"capabilities\":{\"bounding\":[\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"],"
	"\"effective\":[\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"],"
	"\"permitted\":[\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"]},"
	"\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":1024,\"soft\":1024}],\"noNewPrivileges\":true},"
	"\"root\":{\"path\":\"rootfs\",\"readonly\":true},\"hostname\":\"coracle\",\"mounts\":["
	"{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
	"{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\","
	"\"options\":[\"nosuid\",\"strictatime\",\"mode=755\",\"size=65536k\"]},"
	"{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\","
	"\"options\":[\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\",\"mode=0620\",\"gid=5\"]},"
	"{\"destination\":\"/dev/shm\",\"type\":\"tmpfs\",\"source\":\"shm\","
	"\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"mode=1777\",\"size=65536k\"]},"
	"{\"destination\":\"/dev/mqueue\",\"type\":\"mqueue\",\"source\":\"mqueue\","
	"\"options\":[\"nosuid\",\"noexec\",\"nodev\"]},"
	"{\"destination\":\"/sys\",\"type\":\"sysfs\",\"source\":\"sysfs\","
	"\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"ro\"]},"
	"{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\",\"source\":\"cgroup\","
	"\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"relatime\",\"ro\"]}],"
	"\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},"
	"{\"type\":\"mount\"},{\"type\":\"cgroup\"}],"
	"\"maskedPaths\":[\"/proc/acpi\",\"/proc/asound\",\"/proc/kcore\",\"/proc/keys\",\"/proc/latency_stats\","
	"\"/proc/timer_list\",\"/proc/timer_stats\",\"/proc/sched_debug\",\"/sys/firmware\",\"/proc/scsi\"],"
	"\"readonlyPaths\":[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\",\"/proc/sys\",\"/proc/sysrq-trigger\"]}}";

/* An ordinary user brings a user namespace in which they are root. */
static void make_rootless(json_t *spec)
{
	json_t *linux_json = json_object_get(spec, "linux");
	json_array_append_new(json_object_get(linux_json, "namespaces"), json_pack("{s:s}", "type", "user"));
	json_object_set_new(linux_json, "uidMappings",
			    json_pack("[{s:i s:I s:i}]", "containerID", 0, "hostID", (json_int_t)geteuid(), "size", 1));
	json_object_set_new(linux_json, "gidMappings",
			    json_pack("[{s:i s:I s:i}]", "containerID", 0, "hostID", (json_int_t)getegid(), "size", 1));
}

int cli_spec(const struct cli *cli, int argc, char **argv, struct error *err)
{
	static const struct option options[] = {
		{"bundle", required_argument, NULL, 'b'}, {"rootless", no_argument, NULL, 'r'}, {NULL, 0, NULL, 0}};
	const char *bundle = ".";
	bool rootless = false;
	int option;
	(void)cli;
	while ((option = getopt_long(argc, argv, "b:", options, NULL)) != -1) {
		if (option == 'b')
			bundle = optarg;
		else if (option == 'r')
			rootless = true;
		else
			return cli_usage(err, "spec [--bundle DIR] [--rootless]");
	}
	auto_close int directory = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_close int fd = directory < 0 ? -1 : openat(directory, "config.json",
							O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_errno(err, "runtime-failed", "make %s/config.json", bundle);
	json_t *spec = json_loads(example, 0, NULL);
	if (rootless)
		make_rootless(spec);
	auto_free char *text = json_dumps(spec, JSON_INDENT(2));
	json_decref(spec);
	if (!text || write_full(fd, text, strlen(text)) < 0 || write_full(fd, "\n", 1) < 0)
		return error_errno(err, "runtime-failed", "write %s/config.json", bundle);
	return 0;
}

static json_t *strings(const char *const *names)
{
	json_t *array = json_array();
	for (; *names; names++)
		json_array_append_new(array, json_string(*names));
	return array;
}

static json_t *linux_features(void)
{
	static const char *const actions[] = {
		"SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD",
		"SCMP_ACT_LOG", "SCMP_ACT_NOTIFY", "SCMP_ACT_TRACE", "SCMP_ACT_TRAP", NULL};
	static const char *const operators[] = {"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE",	      "SCMP_CMP_EQ",
						"SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ", NULL};
	static const char *const flags[] = {
		"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
		"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", NULL};
	static const char *const archs[] = {
		"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM", "SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS64N32",
		"SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PARISC", "SCMP_ARCH_PARISC64",
		"SCMP_ARCH_PPC", "SCMP_ARCH_PPC64", "SCMP_ARCH_PPC64LE", "SCMP_ARCH_RISCV64", "SCMP_ARCH_S390",
		"SCMP_ARCH_S390X", "SCMP_ARCH_X32", "SCMP_ARCH_X86", "SCMP_ARCH_X86_64", NULL};
	json_t *namespaces = json_array(), *capabilities = json_array();
	for (int kind = 0; kind < NS_KINDS; kind++)
		json_array_append_new(namespaces, json_string(namespace_kinds[kind].name));
	for (int capability = 0; capability <= capability_last() && capability_name(capability); capability++)
		json_array_append_new(capabilities, json_string(capability_name(capability)));
	json_t *modes = json_array(), *policy_flags = json_array();
	for (size_t i = 0; memory_policy_mode(i); i++)
		json_array_append_new(modes, json_string(memory_policy_mode(i)));
	for (size_t i = 0; memory_policy_flag(i); i++)
		json_array_append_new(policy_flags, json_string(memory_policy_flag(i)));
	return json_pack("{s:o s:o s:{s:b s:b s:b s:b s:b} s:{s:b s:o s:o s:o s:o s:o} s:{s:b} s:{s:b} s:{s:{s:b}} s:{s:b} "
			 "s:{s:o s:o} s:{s:b}}",
			 "namespaces", namespaces, "capabilities", capabilities,
			 "cgroup", "v1", 0, "v2", 1, "systemd", 1, "systemdUser", 1, "rdma", 0,
			 "seccomp", "enabled", 1, "actions", strings(actions), "operators", strings(operators),
			 "archs", strings(archs), "knownFlags", strings(flags), "supportedFlags", strings(flags), "apparmor",
			 "enabled", 1, "selinux", "enabled", 0, "mountExtensions", "idmap", "enabled", 1, "intelRdt", "enabled", 0,
			 "memoryPolicy", "modes", modes, "flags", policy_flags, "netDevices", "enabled", 1);
}

int cli_features(const struct cli *cli, int argc, char **argv, struct error *err)
{
	static const char *const hooks[] = {"prestart", "createRuntime", "createContainer", "startContainer", "poststart",
					    "poststop", NULL};
	(void)cli;
	(void)argv;
	if (argc != 1)
		return cli_usage(err, "features");
	json_t *options = json_array();
	for (size_t i = 0; spec_mount_option(i); i++)
		json_array_append_new(options, json_string(spec_mount_option(i)));
	return cli_print_json(json_pack("{s:s s:s s:o s:o s:o s:{s:s} s:o}", "ociVersionMin", "1.0.0", "ociVersionMax",
					SPEC_VERSION, "hooks", strings(hooks), "mountOptions", options, "linux",
					linux_features(), "annotations", "org.opencontainers.coracle.version",
					CORACLE_VERSION, "potentiallyUnsafeConfigAnnotations", strings(spec_annotations)),
			      JSON_INDENT(2));
}
