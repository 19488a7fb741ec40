import { CoracleCommand, exactly, flag } from "../src/cli/command.ts";
import { accessFlags } from "../src/cli/registry-flags.ts";

export default class Search extends CoracleCommand {
  static override summary = "Search registry for image";
  static override description =
    "Searches a registry for images whose name contains a term. The registry stands before the term; with nothing behind its slash, all images are listed.";
  static override usage = "[options] TERM";
  static override examples = [
    "coracle search --filter=is-official --limit 3 docker.io/alpine",
    "coracle search registry.fedoraproject.org/",
    'coracle search --format "table {{.Index}} {{.Name}}" registry.fedoraproject.org/fedora',
    "coracle search --list-tags quay.io/podman/stable",
  ];
  static override flags = {
    authfile: accessFlags.authfile,
    "cert-dir": accessFlags["cert-dir"],
    compatible: flag.boolean({
      description: "List stars, official and automated columns (Docker compatibility)",
    }),
    creds: accessFlags.creds,
    filter: flag.strings({ char: "f", description: "Filter output based on conditions provided" }),
    format: flag.string({ description: "Change the output format to JSON or a Go template" }),
    limit: flag.int({ description: "Limit the number of results", default: 25 }),
    "list-tags": flag.boolean({ description: "List the tags of the input registry" }),
    "no-trunc": flag.boolean({ description: "Do not truncate the output" }),
    "tls-verify": accessFlags["tls-verify"],
  };
  static override arity = exactly(1);
  static override completes = ["none"] as const;

  async run(): Promise<void> {
    const { flags, args, given } = await this.input(Search);
    const term = args[0] as string;
    const { registryAccess } = await import("../src/cli/registry-flags.ts");
    const { asksForJson, printRows } = await import("../src/cli/report.ts");
    const { listTags, searchImages } = await import("../src/engine/registry/search.ts");
    const options = { ...registryAccess(flags, given), limit: flags.limit || 25, noTrunc: flags["no-trunc"] };
    const { format } = flags;
    if (flags["list-tags"]) {
      if (flags.filter.length > 0) throw this.usageError("filters are not applicable to list tags result");
      const found = await listTags(this.context, term, options);
      if (asksForJson(format)) this.printJson([found]);
      else {
        const rows = found.Tags.map((Tag) => ({ Name: found.Name, Tag }));
        printRows(
          rows,
          { name: "search", type: "images.listEntryTag", format, columns: "{{.Name}}\t{{.Tag}}" },
          this.print,
        );
      }
      return;
    }
    const { searchRegistries } = await import("../src/engine/registry/name.ts");
    const results = await searchImages(this.context, term, await searchRegistries(), {
      ...options,
      filters: flags.filter,
    });
    if (asksForJson(format)) this.printJson(results);
    else if (results.length > 0) {
      const more = flags.compatible ? "\t{{.Stars}}\t{{.Official}}\t{{.Automated}}" : "";
      printRows(
        results,
        {
          name: "search",
          type: "entities.ImageSearchReport",
          format,
          columns: `{{.Name}}\t{{.Description}}${more}`,
        },
        this.print,
      );
    }
  }
}
