import { EngineError } from "../errors.ts";
import { jsonFault } from "./json-fault.ts";
import type { Seccomp, SeccompArg, SeccompRule } from "./runtime-spec.ts";

/** A profile in the format of Docker and containers-common, which is resolved for one machine and capability set. */
export interface SeccompProfile {
  defaultAction: string;
  defaultErrnoRet?: number;
  /** By name, in place of the number. */
  defaultErrno?: string;
  architectures?: string[];
  archMap?: { architecture: string; subArchitectures?: string[] | null }[];
  flags?: string[];
  syscalls?: SeccompProfileRule[];
}

export interface SeccompProfileRule {
  names?: string[];
  /** Old form of `names`. */
  name?: string;
  action: string;
  errnoRet?: number;
  errno?: string;
  args?: SeccompArg[] | null;
  /** All that is named must hold. */
  includes?: SeccompCondition;
  /** Nothing that is named may hold. */
  excludes?: SeccompCondition;
}

export interface SeccompCondition {
  caps?: string[];
  arches?: string[];
  /** `major.minor` */
  minKernel?: string;
}

export interface SeccompTarget {
  /** process.arch */
  arch: string;
  /** os.release() */
  kernel: string;
  /** The container's bounding set. */
  capabilities: readonly string[];
}

/** process.arch → Go's name, which profiles use in conditions, and libseccomp's. */
const ARCHITECTURES: Record<string, { go: string; native: string }> = {
  x64: { go: "amd64", native: "SCMP_ARCH_X86_64" },
  arm64: { go: "arm64", native: "SCMP_ARCH_AARCH64" },
  arm: { go: "arm", native: "SCMP_ARCH_ARM" },
  ia32: { go: "x86", native: "SCMP_ARCH_X86" },
  ppc64: { go: "ppc64le", native: "SCMP_ARCH_PPC64LE" },
  s390x: { go: "s390x", native: "SCMP_ARCH_S390X" },
  riscv64: { go: "riscv64", native: "SCMP_ARCH_RISCV64" },
};

/** The numbers that profiles give by name. */
const ERRNOS: Record<string, number> = {
  EPERM: 1,
  EACCES: 13,
  EINVAL: 22,
  ENOSYS: 38,
  ENOTSUP: 95,
  EOPNOTSUPP: 95,
};

/** Text of a profile; `name` is its file's, "" where it has none. */
export function parseSeccompProfile(text: string, name: string): SeccompProfile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid(name, `decoding seccomp profile failed: ${jsonFault(text)}`, cause);
  }
  const profile = value as SeccompProfile;
  if (typeof value !== "object" || value === null || typeof profile.defaultAction !== "string") {
    throw invalid(name, "no defaultAction");
  }
  if (profile.architectures?.length && profile.archMap?.length) {
    throw invalid(
      name,
      "'architectures' and 'archMap' were specified in the seccomp profile, use either of them",
    );
  }
  for (const rule of profile.syscalls ?? []) {
    if (typeof rule.action !== "string") throw invalid(name, "a rule without action");
    if (rule.name && rule.names?.length) {
      throw invalid(name, "'name' and 'names' were specified in the seccomp profile, use either of them");
    }
  }
  return profile;
}

function invalid(name: string, reason: string, cause?: unknown): EngineError {
  const profile = name ? `seccomp profile (${name})` : "seccomp profile";
  return new EngineError("invalid-seccomp-profile", `loading ${profile} failed: ${reason}`, { cause });
}

export type SeccompPolicy = "default" | "image";

/** --seccomp-policy */
export function parseSeccompPolicy(text: string): SeccompPolicy {
  if (text === "" || text === "default") return "default";
  if (text === "image") return "image";
  throw new EngineError(
    "invalid-argument",
    `invalid seccomp policy "${text}": valid policies are ["default" "image"]`,
  );
}

/** Where an image has a profile of its own. */
const IMAGE_LABEL = "io.containers.seccomp.profile";

/** Text of the profile in an image's labels; undefined: there is no image. */
export function imageSeccompProfile(labels: Record<string, string> | undefined): string {
  if (!labels) {
    throw new EngineError("no-seccomp-profile", "cannot read seccomp profile without a valid image");
  }
  const text = labels[IMAGE_LABEL];
  if (text) return text;
  throw new EngineError("no-seccomp-profile", "no seccomp policy defined by image", {
    hint: `the image needs a label ${IMAGE_LABEL} with a profile; leave --seccomp-policy out otherwise`,
  });
}

/** linux.seccomp for one machine and set of capabilities. */
export function resolveSeccomp(profile: SeccompProfile, target: SeccompTarget): Seccomp {
  const arch = ARCHITECTURES[target.arch];
  const result: Seccomp = { defaultAction: profile.defaultAction };
  const defaultErrno = errnoNumber(profile.defaultErrno, profile.defaultErrnoRet);
  if (defaultErrno !== undefined) result.defaultErrnoRet = defaultErrno;
  const architectures = architecturesOf(profile, arch?.native);
  if (architectures.length > 0) result.architectures = architectures;
  if (profile.flags?.length) result.flags = profile.flags;

  const holds = (condition: SeccompCondition) => conditions(condition, target, arch?.go ?? target.arch);
  result.syscalls = (profile.syscalls ?? [])
    .filter((rule) => !rule.includes || holds(rule.includes).every(Boolean))
    .filter((rule) => !rule.excludes || !holds(rule.excludes).some(Boolean))
    .map(specRule);
  return result;
}

function architecturesOf(profile: SeccompProfile, native: string | undefined): string[] {
  if (profile.architectures?.length) return profile.architectures;
  const entry = profile.archMap?.find(({ architecture }) => architecture === native);
  if (entry) return [entry.architecture, ...(entry.subArchitectures ?? [])];
  return native ? [native] : [];
}

/** Which of the named conditions hold here. */
function conditions(condition: SeccompCondition, target: SeccompTarget, arch: string): boolean[] {
  const result = (condition.caps ?? []).map((name) => target.capabilities.includes(name));
  if (condition.arches?.length) result.push(condition.arches.includes(arch));
  if (condition.minKernel) result.push(atLeast(target.kernel, condition.minKernel));
  return result;
}

function atLeast(kernel: string, wanted: string): boolean {
  const [major = 0, minor = 0] = kernel.split(/[.-]/).map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split(".").map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

function specRule(rule: SeccompProfileRule): SeccompRule {
  const result: SeccompRule = { names: rule.names ?? (rule.name ? [rule.name] : []), action: rule.action };
  const errno = errnoNumber(rule.errno, rule.errnoRet);
  if (errno !== undefined) result.errnoRet = errno;
  if (rule.args?.length) result.args = rule.args;
  return result;
}

function errnoNumber(name: string | undefined, number: number | undefined): number | undefined {
  return (name === undefined ? undefined : ERRNOS[name]) ?? number;
}
