import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { childProcess, nativePath } from "../../host/spawn.ts";
import { splitName } from "../../oci/reference.ts";
import { isOurProgram, runLabelCommand } from "../../oci/run-label.ts";
import { findId } from "../../runtime/records.ts";
import { removeContainer } from "../container/rm.ts";
import { pullImage } from "./pull.ts";
import type { PullOptions } from "./pull-options.ts";

export interface RunLabelRequest {
  label: string;
  image: string;
  args: readonly string[];
  /** What NAME stands for; the image's own where not given. */
  name?: string | undefined;
  /** What OPT1, OPT2 … stand for; what the environment has, where not given. */
  options: readonly (string | undefined)[];
  pull: PullOptions;
}

/** The command line that a label of an image describes; `ours`: it is one of this program. */
export async function findRunLabel(
  ctx: Context,
  request: RunLabelRequest,
): Promise<{ command: string[]; ours: boolean }> {
  if (process.env.PODMAN_RUNLABEL_NESTED) {
    throw new EngineError("usage", "nested runlabel calls: runlabels cannot execute the runlabel command");
  }
  const image = await pullImage(ctx, request.image, request.pull);
  const text = image.config.config?.Labels?.[request.label];
  if (!text) {
    throw new EngineError(
      "no-label",
      `cannot find the value of label: ${request.label} in image: ${request.image}`,
      { hint: `\`coracle image inspect ${request.image}\` shows its labels` },
    );
  }
  const reference = image.names[0] ?? image.id;
  const base = image.names[0] === undefined ? image.id : splitName(reference).repository;
  const command = runLabelCommand(text, request.args, {
    image: reference,
    name: request.name ?? (base.split("/").at(-1) as string),
    pwd: process.cwd(),
    env: { ...process.env, ...optionVariables(request.options) },
  });
  return { command, ours: isOurProgram(command[0]) };
}

function optionVariables(options: readonly (string | undefined)[]): Record<string, string> {
  return Object.fromEntries(
    options.flatMap((value, i) => (value === undefined ? [] : [[`OPT${i + 1}`, value]])),
  );
}

/** Runs it with our stdio; `quiet`: without its output. */
export async function executeRunLabel(
  ctx: Context,
  { command, ours }: { command: readonly string[]; ours: boolean },
  { quiet, replace }: { quiet: boolean; replace: boolean },
): Promise<void> {
  const [word = "", ...args] = command;
  const program = ours ? nativePath(ctx, "coracle") : word;
  if (replace) await removeNamed(ctx, args);
  const output = quiet ? "ignore" : "inherit";
  const { status, signal, error } = childProcess().spawnSync(program, args, {
    stdio: ["inherit", output, output],
    env: { ...process.env, PODMAN_RUNLABEL_NESTED: "1" },
  });
  if (status === 0) return;
  const reason = error?.message ?? (signal ? `signal: ${signal}` : `exit status ${status}`);
  throw new EngineError("runlabel-failed", `\`${[program, ...args].join(" ")}\` failed: ${reason}`);
}

async function removeNamed(ctx: Context, args: readonly string[]): Promise<void> {
  const at = args.indexOf("--name");
  const name = at < 0 ? undefined : args[at + 1];
  if (name !== undefined && findId(ctx, name) !== undefined)
    await removeContainer(ctx, name, { force: true });
}
