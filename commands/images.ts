import { atMost, CoracleCommand, flag } from "../src/cli/command.ts";
import { asksForJson, printRows } from "../src/cli/report.ts";
import { GoTime } from "../src/cli/template/time.ts";
import { humanSize, humanTimeSince } from "../src/cli/units.ts";
import { type ImageRow, imageRows, listImages, nameFilter } from "../src/engine/image/list.ts";

export default class Images extends CoracleCommand {
  static override summary = "List images in local storage";
  static override description = "Lists images previously pulled to the system or created on the system.";
  static override usage = "[options] [IMAGE]";
  static override examples = [
    "coracle images --format json",
    'coracle images --sort repository --format "table {{.ID}} {{.Repository}} {{.Tag}}"',
    "coracle images --filter dangling=true",
  ];
  static override flags = {
    all: flag.boolean({ char: "a", description: "Show all images (default hides intermediate images)" }),
    digests: flag.boolean({ description: "Show digests" }),
    filter: flag.stringArray({ char: "f", description: "Filter output based on conditions provided" }),
    format: flag.string({ description: "Change the output format to JSON or a Go template" }),
    history: flag.unsupported("bool", { description: "Display the image name history" }),
    "no-trunc": flag.boolean({ description: "Do not truncate output" }),
    noheading: flag.boolean({ char: "n", description: "Do not print column headings" }),
    quiet: flag.boolean({ char: "q", description: "Display only image IDs" }),
    sort: flag.string({
      description: "Sort by tag, created, id, repository, size",
      default: "created",
      choices: ["created", "id", "repository", "size", "tag"],
    }),
  };
  static override arity = atMost(1);
  static override completes = ["image"] as const;
  static override configured = false;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Images);
    const filters = [...flags.filter, ...args.map(nameFilter)];
    const rows = imageRows(listImages(this.context, { filters }), flags.sort.toLowerCase());
    const truncate = !flags["no-trunc"];
    if (flags.quiet) {
      for (const id of new Set(rows.map(({ image }) => shownId(image.id, truncate)))) this.printLine(id);
    } else if (asksForJson(flags.format)) {
      this.printJson([...new Map(rows.map((row) => [row.image.id, row])).values()].map(toJson));
    } else {
      const columns = ["{{.Repository}}", "{{.Tag}}", ...(flags.digests ? ["{{.Digest}}"] : [])];
      printRows(
        rows.map((row) => toFields(row, truncate)),
        {
          name: "images",
          format: flags.format,
          columns: [...columns, "{{.ID}}", "{{.Created}}", "{{.Size}}"].join("\t"),
          headers: { ID: "IMAGE ID" },
          noHeading: flags.noheading,
        },
        this.print,
      );
    }
  }
}

function shownId(id: string, truncate: boolean): string {
  return truncate ? id.slice(0, 12) : `sha256:${id}`;
}

/** What a template may use; functions are called when it does. */
function toFields({ image, repository, tag, digest }: ImageRow, truncate: boolean): object {
  const since = () => humanTimeSince(image.created);
  const size = () => humanSize(image.size, 3, " ");
  return {
    Repository: repository,
    Tag: tag,
    Digest: digest,
    ID: shownId(image.id, truncate),
    Id: image.id,
    Created: since,
    CreatedSince: since,
    CreatedAt: () => new GoTime(image.created),
    CreatedTime: () => new GoTime(image.created),
    Size: size,
    VirtualSize: size,
    SharedSize: 0,
    Names: image.names,
    RepoTags: image.names,
    RepoDigests: image.repoDigests,
    History: () => image.names.join(", "),
    Labels: image.labels,
    Containers: image.containers,
    Dangling: image.names.length === 0,
    ReadOnly: false,
    ParentId: "",
  };
}

function toJson({ image, digest }: ImageRow): object {
  return {
    Id: image.id,
    ParentId: "",
    RepoTags: null,
    RepoDigests: image.repoDigests,
    Size: image.size,
    SharedSize: 0,
    VirtualSize: image.size,
    Labels: image.labels(),
    Containers: image.containers(),
    ...(image.names.length > 0 ? { Names: image.names } : { Dangling: true }),
    Digest: digest,
    History: image.names,
    Created: Math.floor(Date.parse(image.created) / 1000),
    CreatedAt: image.created,
  };
}
