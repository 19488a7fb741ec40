import { unitContainer } from "../engine/container/unit.ts";
import { EngineError } from "../errors.ts";
import type { Context } from "../host/context.ts";
import { type CreateCommand, type SystemdUnit, systemdUnit, type UnitOptions } from "../oci/systemd-unit.ts";
import { splitArgv } from "./argv.ts";
import { runFlags } from "./container/flags.ts";
import { globalSyntax } from "./global-flags.ts";
import { printError } from "./output.ts";
import { flagSyntax, parseFlags } from "./parse-flags.ts";
import { versionReport } from "./version.ts";

export type GenerateOptions = Pick<
  UnitOptions,
  | "prefix"
  | "separator"
  | "restartPolicy"
  | "restartSec"
  | "startTimeout"
  | "wants"
  | "after"
  | "requires"
  | "env"
  | "template"
> & {
  /** The container's name, not its id. */
  byName: boolean;
  /** Each start makes a new container. */
  isNew: boolean;
  stopTimeout?: number | undefined;
  header: boolean;
};

export async function generateUnit(
  ctx: Context,
  nameOrId: string,
  options: GenerateOptions,
): Promise<SystemdUnit> {
  const container = unitContainer(ctx, nameOrId);
  const { id, name, restartPolicy, executable, pidFile } = container;
  if (!options.isNew && restartPolicy !== "no") {
    warn(
      `Container ${id} has restart policy "${restartPolicy}" which can lead to issues on shutdown: consider recreating the container without a restart policy and use systemd's restart mechanism instead`,
    );
  }
  return systemdUnit({
    ...options,
    executable,
    pidFile,
    nameOrId: options.byName ? name : id,
    stopTimeout: options.stopTimeout ?? container.stopTimeout,
    header: options.header ? { version: versionReport().Client.Version, time: unixDate(new Date()) } : null,
    mounts: options.isNew ? "%t/containers" : container.runRoot,
    create: options.isNew ? await takeApart(container.createCommand, container.env) : null,
  });
}

async function takeApart(command: readonly string[], env: Record<string, string>): Promise<CreateCommand> {
  const at = command.findIndex((word) => word === "run" || word === "create");
  if (at < 0) {
    throw new EngineError(
      "no-create-command",
      `container's create command is too short or invalid: ${command.join(" ")}`,
      { hint: "without --new the container that is there becomes a service" },
    );
  }
  const words = command.slice(at + 1);
  const own = flagSyntax(runFlags);
  const inherited = globalSyntax.filter(({ name }) => !own.some((flag) => flag.name === name));
  const syntax = [...own, ...inherited.map((flag) => ({ ...flag, char: undefined }))];
  const { given, args, argsBeforeDash } = splitArgv(words, syntax, { interspersed: false });
  const { flags, given: names } = await parseFlags<Partial<Record<string, unknown>>>(given, runFlags);
  const value = <T>(name: string) => (names.has(name) ? (flags[name] as T) : undefined);
  const count = words.length - args.length - (argsBeforeDash < 0 ? 0 : 1);
  const variables = given.flatMap(({ name, value }) =>
    name === "env" && !value.includes("=") ? [value] : [],
  );
  return {
    rootFlags: command.slice(1, at),
    flags: words.slice(0, count),
    args: words.slice(count),
    given: {
      detach: value("detach"),
      replace: value("replace"),
      name: value("name"),
      sdnotify: value("sdnotify"),
      restart: value("restart"),
    },
    inherited: variables.flatMap((name) => (name in env ? [`${name}=${env[name]}`] : [])),
  };
}

function warn(text: string): void {
  printError(`time="${new Date().toISOString().slice(0, 19)}Z" level=warning msg=${JSON.stringify(text)}`);
}

/** As date(1) has it: `Sun Nov 29 02:14:17 UTC 2026`. */
function unixDate(date: Date): string {
  const [weekday, month, day, year, time] = date.toString().split(" ");
  const zone = date.toLocaleTimeString("en-US", { timeZoneName: "short" }).split(" ").at(-1);
  return `${weekday} ${month} ${`${Number(day)}`.padStart(2)} ${time} ${zone} ${year}`;
}
