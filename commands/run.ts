import { atLeast, CoracleCommand } from "../src/cli/command.ts";
import { descriptors } from "../src/cli/container/descriptor-flags.ts";
import { runFlags } from "../src/cli/container/flags.ts";
import { warn } from "../src/cli/log.ts";
import { isTerminal } from "../src/cli/output.ts";
import { EngineError } from "../src/errors.ts";

export default class Run extends CoracleCommand {
  static override summary = "Run a command in a new container";
  static override description = "Runs a command in a new container from the given image";
  static override usage = "[options] IMAGE [COMMAND [ARG...]]";
  static override examples = [
    "coracle run imageID ls -alF /etc",
    "coracle run --network=host imageID dnf -y install java",
    "coracle run --volume /var/hostdir:/var/ctrdir -i -t fedora /bin/bash",
  ];
  static override interspersed = false;
  static override flags = runFlags;
  static override arity = atLeast(1);
  static override completes = ["image", "image-path"] as const;

  async run(): Promise<number> {
    const { flags, args, given } = await this.input(Run);
    const { attachedStreams, createRequest, discarded, missingTerminal, weakened } = await import(
      "../src/cli/container/request.ts"
    );
    const { runContainer } = await import("../src/engine/container/run.ts");
    const { missingControllers } = await import("../src/engine/container/cgroup.ts");
    const { leastOomScore } = await import("../src/engine/container/host-facts.ts");
    const { isPassthrough } = await import("../src/oci/log-options.ts");
    if (flags["log-driver"] === "passthrough" && [0, 1, 2].some((fd) => isTerminal(fd))) {
      throw new EngineError("usage", "the '--log-driver passthrough' option cannot be used on a TTY", {
        hint: "--log-driver passthrough-tty can",
      });
    }
    const attach = attachedStreams(flags, given);
    const { detach } = flags;
    const fds = descriptors(flags);
    const request = createRequest({
      flags,
      given,
      args,
      configuration: this.context.config,
      commandLine: this.commandLine,
    });
    const missing = missingControllers(this.context, request.config);
    const least = leastOomScore(this.context);
    [...missingTerminal(flags), ...weakened(given, request.config, least, missing)].forEach(warn);
    for (const line of discarded(flags, request.config)) this.printError(line);
    const result = await runContainer(this.context, request, {
      attach,
      detachKeys: flags["detach-keys"],
      detach,
      sigProxy: flags["sig-proxy"],
      fds,
      // As Podman has it: who sees none of the output is at least told the id.
      ...(attach.some((stream) => stream !== "stdin") ? {} : { onStart: (id) => this.printLine(id) }),
    });
    if (detach && !isPassthrough(request.config.log.driver)) this.printLine(result.id);
    return result.exitCode ?? 0;
  }
}
