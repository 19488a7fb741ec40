import { any, CoracleCommand, flag } from "../src/cli/command.ts";

export default class Mount extends CoracleCommand {
  static override summary = "Mount a working container's root filesystem";
  static override description =
    "coracle mount\n  Lists all mounted containers mount points if no container is specified\n\ncoracle mount CONTAINER-NAME-OR-ID\n  Mounts the specified container and outputs the mountpoint\n\nOrdinary users mount inside of `coracle unshare`, and what they mount is gone when that ends.";
  static override usage = "[options] [CONTAINER...]";
  static override examples = ["coracle mount", "coracle unshare sh -c 'ls $(coracle mount ctrID)'"];
  static override flags = {
    all: flag.boolean({ char: "a", description: "Mount all containers" }),
    format: flag.string({ description: "Print the mounted containers in specified format (json)" }),
    latest: flag.boolean({ char: "l", description: "Act on the latest container coracle is aware of" }),
    "no-trunc": flag.boolean({ description: "Do not truncate output" }),
    notruncate: flag.boolean({ description: "Do not truncate output", hidden: true }),
  };
  static override arity = any;
  static override completes = ["container"] as const;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Mount);
    const lists = args.length === 0 && !flags.all && !flags.latest;
    if (!lists) this.checkSelection(args, flags);
    const { printMounts, requireUnshared } = await import("../src/cli/mounts.ts");
    requireUnshared(this.context, this.invocation.path);
    const { mountContainers, mountedContainers } = await import("../src/engine/container/mount.ts");
    if (lists) {
      const full = flags["no-trunc"] || flags.notruncate;
      const rows = mountedContainers(this.context).map(({ id, name, path }) => ({
        label: full ? id : id.slice(0, 12),
        path,
        json: { id, Names: [name], mountpoint: path },
      }));
      return printMounts(rows, flags.format);
    }
    const { selectContainers } = await import("../src/engine/container/select.ts");
    const names = await selectContainers(this.context, { names: args, all: flags.all, latest: flags.latest });
    for (const path of mountContainers(this.context, names)) this.printLine(path);
  }
}
