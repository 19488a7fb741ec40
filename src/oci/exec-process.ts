import type { ContainerConfig } from "./container.ts";
import { keyAndValue } from "./key-value.ts";
import type { Process, RuntimeSpec } from "./runtime-spec.ts";
import type { ResolvedUser } from "./user.ts";

export interface ExecRequest {
  /** The runtime config that the container was started with. */
  spec: RuntimeSpec;
  config: Pick<ContainerConfig, "env">;
  /** Whether the container's name for its host was asked for. */
  hostnameGiven: boolean;
  args: string[];
  /** Added to the container's environment: -e, --env-file. */
  env: Record<string, string>;
  user: ResolvedUser;
  /** "": the container's. */
  workdir: string;
  terminal: boolean;
  privileged: boolean;
  /** HostFacts.capabilities, what --privileged gives. */
  capabilities: readonly string[];
}

/** The process that `exec` starts: as the container's own, but for what was asked for. */
export function execProcess(request: ExecRequest): Process {
  const { spec, user } = request;
  const own = spec.process;
  const process: Process = {
    ...own,
    args: request.args,
    env: execEnv(request),
    cwd: fromRoot(request.workdir) || own.cwd,
    user: { ...own.user, uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
    terminal: request.terminal,
  };
  process.capabilities = execCapabilities(request);
  return process;
}

function fromRoot(directory: string): string {
  return directory === "" || directory.startsWith("/") ? directory : `/${directory}`;
}

function execEnv({ spec, config, hostnameGiven, env, user, terminal }: ExecRequest): string[] {
  const merged = new Map(spec.process.env.map(keyAndValue));
  // Of the container's first process alone.
  for (const name of ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"]) merged.delete(name);
  // Podman tells a further process only of a name that was asked for.
  if (!hostnameGiven && config.env.HOSTNAME === undefined) merged.delete("HOSTNAME");
  if (user.uid !== spec.process.user.uid && config.env.HOME === undefined) merged.set("HOME", user.home);
  if (terminal && !merged.has("TERM")) merged.set("TERM", "xterm");
  for (const [key, value] of Object.entries(env)) merged.set(key, value);
  return [...merged].map(([key, value = ""]) => `${key}=${value}`);
}

/** Root has what the container may have at most; its own user keeps what it has; any other user has nothing. */
function execCapabilities({
  spec,
  user,
  privileged,
  capabilities,
}: ExecRequest): NonNullable<Process["capabilities"]> {
  const own = spec.process.capabilities ?? {};
  const bounding = privileged ? [...capabilities].sort() : (own.bounding ?? []);
  if (user.uid === 0) return { bounding, effective: bounding, permitted: bounding };
  if (user.uid === spec.process.user.uid) return { ...own, bounding };
  return { bounding };
}
