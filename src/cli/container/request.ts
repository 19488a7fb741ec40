import type { CreateRequest } from "../../engine/container/create.ts";
import type { OnProgress } from "../../engine/image/progress.ts";
import type { PullOptions } from "../../engine/image/pull.ts";
import { EngineError } from "../../errors.ts";
import { containerConfig, entrypoint } from "./config.ts";
import type { CreateFlags } from "./flags.ts";

export interface RequestInput {
  flags: CreateFlags;
  given: ReadonlySet<string>;
  /** IMAGE and what follows it. */
  args: readonly string[];
  /** The command line as typed, for `inspect`. */
  commandLine: readonly string[];
  detach: boolean;
  onProgress: OnProgress | undefined;
}

/** What the flags ask the engine to make. */
export function createRequest(input: RequestInput): Omit<CreateRequest, "startPending"> {
  const { flags, given, args, detach } = input;
  const [image = "", ...command] = args;
  return {
    image: flags.rootfs ? null : image,
    pull: pullOptions(flags, given, input.onProgress),
    name: flags.name,
    replace: flags.replace,
    config: containerConfig(flags, given, image, command, detach),
    entrypoint: entrypoint(flags.entrypoint),
    publishAll: flags["publish-all"],
    unsetEnv: flags.unsetenv,
    unsetEnvAll: flags["unsetenv-all"],
    envHost: flags["env-host"],
    httpProxy: flags["http-proxy"],
    createCommand: [...input.commandLine],
    pidFile: flags.pidfile,
    cidFile: flags.cidfile,
  };
}

function pullOptions(
  flags: CreateFlags,
  given: ReadonlySet<string>,
  onProgress: OnProgress | undefined,
): PullOptions {
  return {
    policy: pullPolicy(flags.pull),
    platform: platform(flags),
    tlsVerify: given.has("tls-verify") ? flags["tls-verify"] : undefined,
    quiet: flags.quiet,
    onProgress: flags.quiet ? undefined : onProgress,
  };
}

export function pullPolicy(text: string): PullOptions["policy"] {
  const policy = text.toLowerCase();
  if (policy === "always" || policy === "missing" || policy === "never" || policy === "newer") return policy;
  // Docker's and older words for the same.
  if (policy === "true" || policy === "") return policy === "" ? "missing" : "always";
  if (policy === "false" || policy === "ifnotpresent") return "missing";
  throw new EngineError("usage", `unsupported pull policy "${text}"`, {
    hint: "the policies are always, missing, never and newer",
  });
}

/** --platform, or what --os, --arch and --variant say together. */
export function platform(flags: {
  platform?: string | undefined;
  os?: string | undefined;
  arch?: string | undefined;
  variant?: string | undefined;
}): string | undefined {
  if (flags.platform) return flags.platform;
  if (!flags.os && !flags.arch && !flags.variant) return undefined;
  const arch = flags.arch || (process.arch === "x64" ? "amd64" : process.arch);
  return [flags.os || "linux", arch, ...(flags.variant ? [flags.variant] : [])].join("/");
}

/** The streams of --attach, or those that a foreground container has. */
export function attachedStreams(
  flags: CreateFlags,
  given: ReadonlySet<string>,
): ("stdin" | "stdout" | "stderr")[] {
  if (!given.has("attach")) return [...(flags.interactive ? (["stdin"] as const) : []), "stdout", "stderr"];
  return flags.attach.map((text) => {
    const stream = text.toLowerCase();
    if (stream === "stdin" || stream === "stdout" || stream === "stderr") return stream;
    throw new EngineError(
      "usage",
      `invalid stream "${text}" for --attach - must be one of stdin, stdout, or stderr: invalid argument`,
    );
  });
}
