import { any, CoracleCommand, flag } from "../src/cli/command.ts";
import { descriptorFlags, descriptors } from "../src/cli/container/descriptor-flags.ts";
import { hostEnv } from "../src/cli/host-env.ts";
import { EngineError, rephrase } from "../src/errors.ts";

export default class Exec extends CoracleCommand {
  static override summary = "Run a process in a running container";
  static override description = "Execute the specified command inside a running container.";
  static override usage = "[options] CONTAINER [COMMAND [ARG...]]";
  static override examples = [
    "coracle exec -it ctrID ls",
    "coracle exec -it -w /tmp myCtr pwd",
    "coracle exec --user root ctrID ls",
  ];
  static override interspersed = false;
  static override flags = {
    ...descriptorFlags,
    cidfile: flag.string({ description: "File to read the container ID from", completes: "file" }),
    detach: flag.boolean({ char: "d", description: "Run the exec session in detached mode (backgrounded)" }),
    "detach-keys": flag.string({
      value: "[a-Z]",
      description: "Select the key sequence for detaching a container",
      default: "ctrl-p,ctrl-q",
      completes: "detach-keys",
    }),
    env: flag.stringArray({ char: "e", description: "Set environment variables" }),
    "env-file": flag.stringArray({
      description: "Read in a file of environment variables",
      completes: "file",
    }),
    interactive: flag.boolean({ char: "i", description: "Make STDIN available to the contained process" }),
    latest: flag.boolean({ char: "l", description: "Act on the latest container coracle is aware of" }),
    "no-session": flag.boolean({ description: "Disable tracking of the exec session" }),
    privileged: flag.boolean({
      description: "Give the process extended Linux capabilities inside the container",
    }),
    tty: flag.boolean({ char: "t", description: "Allocate a pseudo-TTY" }),
    user: flag.string({
      char: "u",
      description: "Sets the username or UID used and optionally the groupname or GID",
      default: "",
      completes: "user",
    }),
    wait: flag.int({
      description: "Total seconds to wait for the container to start",
      value: "seconds",
      hidden: true,
    }),
    workdir: flag.string({
      char: "w",
      description: "Working directory inside the container",
      default: "",
      completes: "file",
    }),
  };
  static override arity = any;
  static override completes = ["running"] as const;

  async run(): Promise<number> {
    const { flags, args, given } = await this.input(Exec);
    const { selectContainers } = await import("../src/engine/container/select.ts");
    const { awaitRunning, execInContainer } = await import("../src/engine/container/exec.ts");
    const fromFlags = flags.latest || flags.cidfile !== undefined;
    if (!fromFlags && args.length === 0) {
      throw this.usageError("exec requires the name or ID of a container or the --latest flag");
    }
    if (flags["no-session"] && (flags.detach || given.has("detach-keys"))) {
      throw this.usageError("--no-session cannot be used with --detach or --detach-keys");
    }
    if (flags.wait !== undefined && !fromFlags)
      await awaitRunning(this.context, args[0] as string, flags.wait);
    const [name] = await selectContainers(this.context, {
      names: fromFlags ? [] : args.slice(0, 1),
      latest: flags.latest,
      cidfiles: flags.cidfile === undefined ? [] : [flags.cidfile],
    });
    const command = fromFlags ? args : args.slice(1);
    if (command.length === 0) {
      throw new EngineError(
        "usage",
        "must provide a non-empty command to start an exec session: invalid argument",
      );
    }
    const starting = execInContainer(this.context, name as string, {
      command,
      env: hostEnv(flags.env, flags["env-file"]),
      user: flags.user,
      workdir: flags.workdir,
      terminal: flags.tty,
      interactive: flags.interactive,
      privileged: flags.privileged,
      detach: flags.detach,
      attach: [...(flags.interactive ? (["stdin"] as const) : []), "stdout", "stderr"],
      detachKeys: flags["no-session"] ? "" : flags["detach-keys"],
      tracked: !flags["no-session"],
      fds: descriptors(flags),
    });
    // Whoever doesn't wait for the command gets no exit code that stands for it.
    const result = await (flags.detach
      ? starting.catch((error) => Promise.reject(rephrase(error, { exitCode: 125 })))
      : starting);
    if (flags.detach) this.printLine(result.session);
    return result.exitCode ?? 0;
  }
}
