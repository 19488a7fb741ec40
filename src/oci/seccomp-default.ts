import type { SeccompProfile, SeccompProfileRule } from "./seccomp.ts";

/**
 * The default profile. A call is allowed when it is listed; what needs a capability to be of use is allowed with that
 * capability only and gives EPERM otherwise, as do obsolete or dangerous calls; what isn't listed at all gives ENOSYS, so that
 * programs fall back from calls that are newer than this list. It behaves as containers-common's seccomp.json,
 * with the calls of Linux up to 6.13.
 *
 * The names are kept as text and split when used: this is read at every start of a container.
 */
const ALLOWED = `
open openat openat2 creat close close_range read write pread64 pwrite64 readv writev preadv pwritev preadv2 pwritev2
lseek _llseek dup dup2 dup3 fcntl fcntl64 ioctl flock fsync fdatasync sync syncfs sync_file_range fallocate ftruncate
ftruncate64 truncate truncate64 fadvise64 fadvise64_64 readahead sendfile sendfile64 copy_file_range splice tee pipe
pipe2 access faccessat faccessat2 stat stat64 lstat lstat64 fstat fstat64 fstatat64 newfstatat statx statfs statfs64
fstatfs fstatfs64 chmod fchmod fchmodat fchmodat2 chown chown32 lchown lchown32 fchown fchown32 fchownat umask utime
utimes utimensat utimensat_time64 futimesat mkdir mkdirat rmdir mknod mknodat link linkat symlink symlinkat readlink
readlinkat unlink unlinkat rename renameat renameat2 getdents getdents64 readdir getcwd chdir fchdir
getxattr getxattrat lgetxattr fgetxattr setxattr setxattrat lsetxattr fsetxattr listxattr listxattrat llistxattr
flistxattr removexattr removexattrat lremovexattr fremovexattr name_to_handle_at cachestat
inotify_init inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark

mount umount umount2 pivot_root fsopen fsconfig fsmount fspick open_tree move_mount mount_setattr listmount statmount

select _newselect pselect6 pselect6_time64 poll ppoll ppoll_time64 epoll_create epoll_create1 epoll_ctl epoll_ctl_old
epoll_wait epoll_wait_old epoll_pwait epoll_pwait2 eventfd eventfd2 signalfd signalfd4 timerfd timerfd_create
timerfd_settime timerfd_settime64 timerfd_gettime timerfd_gettime64 io_setup io_destroy io_submit io_cancel
io_getevents io_pgetevents io_pgetevents_time64

brk mmap mmap2 munmap mremap mprotect msync madvise mincore mlock mlock2 mlockall munlock munlockall mseal
remap_file_pages memfd_create memfd_secret map_shadow_stack mbind get_mempolicy set_mempolicy set_mempolicy_home_node
pkey_alloc pkey_free pkey_mprotect membarrier process_mrelease process_vm_readv process_vm_writev

clone clone3 fork vfork execve execveat exit exit_group wait4 waitid waitpid unshare setns kill tkill tgkill pidfd_open
pidfd_getfd pidfd_send_signal prctl ptrace seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self
lsm_get_self_attr lsm_set_self_attr lsm_list_modules set_tid_address set_robust_list get_robust_list rseq
set_thread_area get_thread_area futex futex_time64 futex_wait futex_wake futex_waitv futex_requeue uretprobe
restart_syscall sigaction signal sigaltstack sigpending sigprocmask sigreturn sigsuspend pause rt_sigaction
rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64
rt_tgsigqueueinfo syscall

getpid getppid gettid getpgid getpgrp getsid setpgid setsid getuid getuid32 geteuid geteuid32 getgid getgid32 getegid
getegid32 getresuid getresuid32 getresgid getresgid32 getgroups getgroups32 setuid setuid32 setgid setgid32 setreuid
setreuid32 setregid setregid32 setresuid setresuid32 setresgid setresgid32 setgroups setgroups32 setfsuid setfsuid32
setfsgid setfsgid32 capget capset keyctl
getpriority setpriority ioprio_get ioprio_set getrlimit setrlimit ugetrlimit prlimit64 getrusage times
sched_yield sched_getaffinity sched_setaffinity sched_getattr sched_setattr sched_getparam sched_setparam
sched_getscheduler sched_setscheduler sched_get_priority_max sched_get_priority_min sched_rr_get_interval
sched_rr_get_interval_time64 getcpu

time gettimeofday adjtimex clock_gettime clock_gettime64 clock_getres clock_getres_time64 clock_nanosleep
clock_nanosleep_time64 clock_adjtime clock_adjtime64 nanosleep alarm getitimer setitimer timer_create timer_delete
timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64

socketpair socketcall bind listen accept accept4 connect shutdown getsockname getpeername getsockopt setsockopt send
sendto sendmsg sendmmsg recv recvfrom recvmsg recvmmsg recvmmsg_time64
ipc msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget mq_open
mq_unlink mq_notify mq_getsetattr mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64

uname sysinfo syslog getrandom reboot
`;

/** Obsolete, never needed in a container, or a way to attack the kernel. */
const REFUSED = `
bdflush kexec_file_load kexec_load migrate_pages move_pages nfsservctl nice oldfstat oldlstat oldolduname oldstat
olduname pciconfig_iobase pciconfig_read pciconfig_write sgetmask ssetmask swapcontext swapoff swapon sysfs uselib
userfaultfd ustat vm86 vm86old vmsplice
`;

const BY_ARCHITECTURE: [arches: string, names: string][] = [
  ["ppc64le", "sync_file_range2"],
  ["arm arm64", "arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls"],
  ["amd64 x32", "arch_prctl"],
  ["amd64 x32 x86", "modify_ldt"],
  ["s390 s390x", "s390_pci_mmio_read s390_pci_mmio_write s390_runtime_instr"],
  ["riscv64", "riscv_flush_icache riscv_hwprobe"],
];

const BY_CAPABILITY: [capability: string, names: string][] = [
  ["CAP_DAC_READ_SEARCH", "open_by_handle_at"],
  [
    "CAP_SYS_ADMIN",
    "bpf fanotify_init lookup_dcookie perf_event_open quotactl quotactl_fd setdomainname sethostname",
  ],
  ["CAP_SYS_CHROOT", "chroot"],
  ["CAP_SYS_MODULE", "delete_module init_module finit_module query_module"],
  ["CAP_SYS_PACCT", "acct"],
  ["CAP_SYS_PTRACE", "kcmp process_madvise"],
  ["CAP_SYS_RAWIO", "iopl ioperm"],
  ["CAP_SYS_TIME", "settimeofday stime clock_settime clock_settime64"],
  ["CAP_SYS_TTY_CONFIG", "vhangup"],
];

/** Linux, Linux32, with and without UNAME26, and the query. */
const PERSONALITIES = [0x0, 0x8, 0x20000, 0x20008, 0xffffffff];

const EPERM = 1;
const EINVAL = 22;
const ENOSYS = 38;
const AF_NETLINK = 16;
const NETLINK_AUDIT = 9;

const split = (names: string): string[] => names.match(/\w+/g) ?? [];

export function defaultSeccompProfile(): SeccompProfile {
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: ENOSYS,
    archMap: [
      { architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86", "SCMP_ARCH_X32"] },
      { architecture: "SCMP_ARCH_AARCH64", subArchitectures: ["SCMP_ARCH_ARM"] },
      { architecture: "SCMP_ARCH_S390X", subArchitectures: ["SCMP_ARCH_S390"] },
    ],
    syscalls: [
      { names: split(REFUSED), action: "SCMP_ACT_ERRNO", errnoRet: EPERM },
      { names: split(ALLOWED), action: "SCMP_ACT_ALLOW" },
      ...PERSONALITIES.map(personality),
      ...BY_ARCHITECTURE.map(([arches, names]) => onlyOn(split(arches), names)),
      ...BY_CAPABILITY.flatMap(([capability, names]) => onlyWith(capability, names)),
      ...socketRules(),
    ],
  };
}

function personality(value: number): SeccompProfileRule {
  return { names: ["personality"], action: "SCMP_ACT_ALLOW", args: [{ index: 0, value, op: "SCMP_CMP_EQ" }] };
}

function onlyOn(arches: string[], names: string): SeccompProfileRule {
  return { names: split(names), action: "SCMP_ACT_ALLOW", includes: { arches } };
}

function onlyWith(capability: string, names: string): SeccompProfileRule[] {
  const list = split(names);
  return [
    { names: list, action: "SCMP_ACT_ALLOW", includes: { caps: [capability] } },
    { names: list, action: "SCMP_ACT_ERRNO", errnoRet: EPERM, excludes: { caps: [capability] } },
  ];
}

/** Every socket but that of the audit subsystem, which isn't namespaced; EINVAL is what a kernel without audit says. */
function socketRules(): SeccompProfileRule[] {
  const excludes = { caps: ["CAP_AUDIT_WRITE"] };
  const names = ["socket"];
  return [
    {
      names,
      action: "SCMP_ACT_ERRNO",
      errnoRet: EINVAL,
      args: [
        { index: 0, value: AF_NETLINK, op: "SCMP_CMP_EQ" },
        { index: 2, value: NETLINK_AUDIT, op: "SCMP_CMP_EQ" },
      ],
      excludes,
    },
    { names, action: "SCMP_ACT_ALLOW", args: [{ index: 0, value: AF_NETLINK, op: "SCMP_CMP_NE" }], excludes },
    {
      names,
      action: "SCMP_ACT_ALLOW",
      args: [{ index: 2, value: NETLINK_AUDIT, op: "SCMP_CMP_NE" }],
      excludes,
    },
    { names, action: "SCMP_ACT_ALLOW", includes: { caps: ["CAP_AUDIT_WRITE"] } },
  ];
}
