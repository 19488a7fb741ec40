import { atLeast, CoracleCommand } from "../src/cli/command.ts";
import { createFlags } from "../src/cli/container/flags.ts";
import { warn } from "../src/cli/log.ts";

export default class Create extends CoracleCommand {
  static override summary = "Create but do not start a container";
  static override description =
    "Creates a new container from the given image or storage and prepares it for running the specified command.\n\nThe container ID is then printed to stdout. You can then start it at any time with the coracle start <container_id> command. The container will be created with the initial state 'created'.";
  static override usage = "[options] IMAGE [COMMAND [ARG...]]";
  static override examples = [
    "coracle create alpine ls",
    "coracle create --annotation HELLO=WORLD alpine ls",
    "coracle create -t -i --name myctr alpine ls",
  ];
  static override interspersed = false;
  static override flags = createFlags;
  static override arity = atLeast(1);
  static override completes = ["image", "image-path"] as const;

  async run(): Promise<void> {
    const { flags, args, given } = await this.input(Create);
    const { createRequest, discarded, weakened } = await import("../src/cli/container/request.ts");
    const { createContainer } = await import("../src/engine/container/create.ts");
    const { missingControllers } = await import("../src/engine/container/cgroup.ts");
    const { leastOomScore } = await import("../src/engine/container/host-facts.ts");
    const { isPassthrough } = await import("../src/oci/log-options.ts");
    const request = createRequest({
      flags,
      given,
      args,
      configuration: this.context.config,
      commandLine: this.commandLine,
    });
    const missing = missingControllers(this.context, request.config);
    weakened(given, request.config, leastOomScore(this.context), missing).forEach(warn);
    for (const line of discarded(flags, request.config)) this.printError(line);
    const { id } = await createContainer(this.context, { ...request, startPending: false });
    if (!isPassthrough(request.config.log.driver)) this.printLine(id);
  }
}
