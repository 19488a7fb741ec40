import { between, CoracleCommand, flag } from "../../src/cli/command.ts";

export default class Trust extends CoracleCommand {
  static override summary = "Manage container image trust policy";
  static override description =
    "Manages which registries an image may come from, and by whom it must be signed: `trust show` displays the policy, `trust set` changes the one of your own, which begins as a copy of the machine's.";
  static override usage = "[options] {show [REGISTRY] | set REGISTRY}";
  static override examples = [
    "coracle image trust show",
    "coracle image trust set --type reject default",
    "coracle image trust set --type sigstoreSigned --pubkeysfile /etc/keys/cosign.pub registry.example.com/team",
  ];
  static override flags = {
    json: flag.boolean({ char: "j", description: "Output as json" }),
    noheading: flag.boolean({ char: "n", description: "Do not print column headings" }),
    "signature-policy": flag.string({
      aliases: ["policypath"],
      description: "The policy file",
      hidden: true,
      completes: "file",
    }),
    pubkeysfile: flag.strings({
      char: "f",
      description: "Path of installed public key(s) to trust; may be given several times",
      completes: "file",
    }),
    raw: flag.boolean({ description: "Output raw policy file" }),
    registrypath: flag.string({
      description: "The directory of registries.d(5)",
      hidden: true,
      completes: "file",
    }),
    type: flag.string({
      char: "t",
      description: "Trust type",
      default: "signedBy",
      choices: ["accept", "reject", "signedBy", "sigstoreSigned"],
    }),
  };
  static override arity = between(1, 2);
  static override completes = [["set", "show"]] as const;
  static override configured = false;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Trust);
    const [action, registry] = args;
    const policy = flags["signature-policy"];
    const trust = await import("../../src/engine/image/trust.ts");
    if (action === "set") {
      if (registry === undefined) throw this.usageError("trust set needs a registry, or default");
      const { type, pubkeysfile: keys } = flags;
      return trust.setTrust(registry, { type, keys, file: policy });
    }
    if (action !== "show") throw this.usageError(`unrecognized command \`coracle image trust ${action}\``);
    if (flags.raw) return this.printLine(trust.rawPolicy(policy).replace(/\n$/, ""));
    const rows = trust.showTrust(policy, flags.registrypath);
    if (flags.json) {
      const json = rows.map((row) => ({
        transport: row.transport,
        ...(row.name === "" ? {} : { name: row.name, repo_name: row.repository }),
        type: row.type,
        ...(row.ids === "" ? {} : { gpg_id: row.ids }),
        ...(row.store === "" ? {} : { sigstore: row.store }),
      }));
      return this.printLine(JSON.stringify(json, null, 2));
    }
    const { printRows } = await import("../../src/cli/report.ts");
    printRows(
      rows.map(({ transport, repository, type, ids, store }) => ({
        Transport: transport,
        Name: repository,
        Type: type,
        ID: ids,
        Store: store,
      })),
      {
        name: "show",
        format: undefined,
        columns: "{{.Transport}}\t{{.Name}}\t{{.Type}}\t{{.ID}}\t{{.Store}}",
        noHeading: flags.noheading,
      },
      this.print,
    );
  }
}
