import { join } from "node:path";
import { CoracleCommand, exactly, flag } from "../../src/cli/command.ts";
import { asksForJson } from "../../src/cli/report.ts";

/** Podman's words about its own command, which is there for the units that scripts make. */
const deprecation = `DEPRECATED command:
It is recommended to use Quadlets for running containers and pods under systemd.

Please refer to podman-systemd.unit(5) for details.`;

/** A variable without a value has that of the host, and counts for nothing where it isn't set there. */
function withHostValue(variable: string): string[] {
  if (variable.includes("=")) return [variable];
  const value = process.env[variable];
  return value === undefined ? [] : [`${variable}=${value}`];
}

export default class GenerateSystemd extends CoracleCommand {
  static override summary = "[DEPRECATED] Generate systemd units";
  static override description =
    `Generate systemd units for a container.\nThe generated units can later be controlled via systemctl(1).\n\n${deprecation}`;
  static override usage = "[options] CONTAINER";
  static override examples = [
    "coracle generate systemd CTR",
    "coracle generate systemd --new --stop-timeout 10 CTR",
    "coracle generate systemd --files --name CTR",
  ];
  static override flags = {
    after: flag.stringArray({ description: "Add dependencies order to the generated unit file" }),
    "container-prefix": flag.string({
      description: "Systemd unit name prefix for containers",
      default: "container",
    }),
    env: flag.stringArray({ char: "e", description: "Set environment variables to the systemd unit files" }),
    files: flag.boolean({ char: "f", description: "Generate .service files instead of printing to stdout" }),
    format: flag.string({ description: "Print the created units in specified format (json)", default: "" }),
    name: flag.boolean({ char: "n", description: "Use container/pod names instead of IDs" }),
    new: flag.boolean({ description: "Create a new container or pod instead of starting an existing one" }),
    "no-header": flag.boolean({ description: "Skip header generation" }),
    "pod-prefix": flag.string({
      description: "Systemd unit name prefix for pods (of no matter to containers)",
      default: "pod",
    }),
    requires: flag.stringArray({
      description: "Similar to wants, but declares stronger requirement dependencies",
    }),
    "restart-policy": flag.string({
      description: "Systemd restart-policy",
      default: "on-failure",
      choices: ["no", "on-success", "on-failure", "on-abnormal", "on-watchdog", "on-abort", "always"],
    }),
    "restart-sec": flag.uint({ description: "Systemd restart-sec", default: 0 }),
    separator: flag.string({
      description: "Systemd unit name separator between name/id and prefix",
      default: "-",
    }),
    "start-timeout": flag.uint({ description: "Start timeout override", default: 0 }),
    "stop-timeout": flag.uint({ description: "Stop timeout override", default: 10 }),
    template: flag.boolean({
      description: "Make it a template file and use %i and %I specifiers. Working only for containers",
    }),
    time: flag.uint({
      char: "t",
      description: "Backwards alias for --stop-timeout",
      default: 10,
      hidden: true,
    }),
    wants: flag.stringArray({
      description: "Add (weak) requirement dependencies to the generated unit file",
    }),
  };
  static override arity = exactly(1);
  static override completes = ["container"] as const;

  async run(): Promise<void> {
    const { flags, args, given } = await this.input(GenerateSystemd);
    this.printError(deprecation);
    if (given.has("new") && !flags.new && flags.template)
      throw this.usageError("--template cannot be set with --new=false");
    if (given.has("stop-timeout") && given.has("time"))
      throw this.usageError("stop-timeout and time are redundant and cannot be used together");
    const { generateUnit } = await import("../../src/cli/generate-systemd.ts");
    const unit = await generateUnit(this.context, args[0] as string, {
      byName: flags.name,
      isNew: flags.new || flags.template,
      template: flags.template,
      prefix: flags["container-prefix"],
      separator: flags.separator,
      restartPolicy: given.has("restart-policy") ? flags["restart-policy"] : undefined,
      restartSec: flags["restart-sec"],
      startTimeout: flags["start-timeout"],
      stopTimeout: given.has("time")
        ? flags.time
        : given.has("stop-timeout")
          ? flags["stop-timeout"]
          : undefined,
      wants: flags.wants,
      after: flags.after,
      requires: flags.requires,
      env: flags.env.flatMap(withHostValue),
      header: !flags["no-header"],
    });
    let { text } = unit;
    if (flags.files) {
      const { writeText } = await import("../../src/cli/output.ts");
      const file = join(process.cwd(), `${unit.name}.service`);
      writeText(file, text);
      text = flags.format === "" ? `${file}\n` : file;
    }
    if (asksForJson(flags.format)) return this.printJson({ [unit.name]: text }, 1);
    if (flags.format !== "") throw this.usageError(`unknown --format argument: ${flags.format}`);
    this.print(text);
  }
}
