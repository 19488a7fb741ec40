import { CoracleCommand, flag, none } from "../../src/cli/command.ts";
import { printRows } from "../../src/cli/report.ts";
import { describeArtifacts } from "../../src/engine/artifact/inspect.ts";
import { humanSize, humanTimeSince } from "../../src/oci/human-units.ts";

export default class Ls extends CoracleCommand {
  static override summary = "List OCI artifacts";
  static override description = "Lists OCI artifacts in the local store.";
  static override examples = ["coracle artifact ls"];
  static override flags = {
    format: flag.string({ description: "Format output using JSON or a Go template" }),
    "no-trunc": flag.boolean({ description: "Do not truncate output" }),
    noheading: flag.boolean({ char: "n", description: "Do not print column headings" }),
  };
  static override arity = none;
  static override configured = false;

  async run(): Promise<void> {
    const { flags } = await this.input(Ls);
    const rows = describeArtifacts(this.context).map(
      ({ repository, tag = "<none>", digest, size, created }) => {
        const hex = digest.slice("sha256:".length);
        return {
          Repository: repository,
          Tag: tag,
          Digest: flags["no-trunc"] ? hex : hex.slice(0, 12),
          Created: humanTimeSince(created),
          CreatedAt: created,
          Size: humanSize(size, 4, ""),
          VirtualSize: size,
        };
      },
    );
    const columns = ["{{.Repository}}", "{{.Tag}}", "{{.Digest}}", "{{.Created}}", "{{.Size}}"];
    printRows(
      rows,
      {
        name: this.invocation.path.split(" ").at(-1) as string,
        type: "artifact.artifactListOutput",
        format: flags.format,
        columns: columns.join("\t"),
        headers: {},
        noHeading: flags.noheading,
      },
      this.print,
    );
  }
}
