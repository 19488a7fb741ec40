import { atMost, CoracleCommand, flag } from "../src/cli/command.ts";
import { asksForJson, printRows, withJson } from "../src/cli/report.ts";
import { GoTime } from "../src/cli/template/time.ts";
import { type ImageRow, imageRows, listImages } from "../src/engine/image/list.ts";
import { humanSize, humanTimeSince } from "../src/oci/human-units.ts";

const sortFields = ["created", "id", "repository", "size", "tag"];

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
    history: flag.boolean({ description: "Display the image name history" }),
    "no-trunc": flag.boolean({ description: "Do not truncate output" }),
    noheading: flag.boolean({ char: "n", description: "Do not print column headings" }),
    quiet: flag.boolean({ char: "q", description: "Display only image IDs" }),
    sort: flag.string({
      description: "Sort by tag, created, id, repository, size",
      default: "created",
      choices: sortFields,
    }),
  };
  static override arity = atMost(1);
  static override completes = ["image"] as const;
  static override configured = false;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Images);
    if (flags.filter.length > 0 && args.length > 0) {
      throw this.usageError("cannot specify an image and a filter(s)");
    }
    if (!sortFields.includes(flags.sort)) {
      throw this.usageError(
        `"${flags.sort}" is not a valid field for sorting. Choose from: ${sortFields.join(", ")}`,
      );
    }
    const filters = [...flags.filter, ...args.map((name) => `reference=${name}`)];
    const rows = imageRows(listImages(this.context, { filters, all: flags.all }), flags.sort);
    const truncate = !flags["no-trunc"];
    if (asksForJson(flags.format)) this.printJson(rows.map(toJson));
    else if (flags.quiet) {
      for (const id of new Set(rows.map(({ image }) => shownId(image.id, truncate)))) this.printLine(id);
    } else {
      const columns = [
        ...["{{.Repository}}", "{{.Tag}}", ...(flags.digests ? ["{{.Digest}}"] : [])],
        ...["{{.ID}}", "{{.Created}}", "{{.Size}}"],
        ...(flags.history ? ["{{if .History}}{{.History}}{{else}}<none>{{end}}"] : []),
        ...(rows.some(({ image }) => image.readOnly) ? ["{{.ReadOnly}}"] : []),
      ];
      printRows(
        rows.map((row) => withJson(toFields(row, truncate), () => toStruct(row))),
        {
          name: this.invocation.path.split(" ").at(-1) as string,
          type: "images.imageReporter",
          format: flags.format,
          columns: columns.join("\t"),
          headers: { ID: "IMAGE ID", ReadOnly: "R/O" },
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
function toFields({ image, repository, tag }: ImageRow, truncate: boolean): object {
  const since = () => humanTimeSince(image.created);
  const time = () => new GoTime(inSeconds(image.created));
  return {
    Repository: repository,
    Tag: tag,
    ID: shownId(image.id, truncate),
    Id: image.id,
    ParentId: image.parent,
    RepoTags: image.names,
    RepoDigests: image.repoDigests,
    Created: since,
    CreatedSince: since,
    CreatedAt: time,
    CreatedTime: time,
    Size: () => humanSize(image.size, 3, " "),
    SharedSize: 0,
    VirtualSize: image.size,
    Labels: () => new Map(Object.entries(image.labels() ?? {})),
    Containers: image.containers,
    ReadOnly: image.readOnly,
    Dangling: image.dangling,
    Names: image.names,
    Digest: image.digest,
    History: () => image.nameHistory.join(", "),
  };
}

/** What `{{json .}}` shows: one name of an image. */
function toStruct({ image, repository, tag }: ImageRow): object {
  const { CreatedAt: _, ...json } = toJson({ image }) as { CreatedAt: string };
  return { repository, tag, ...json, RepoTags: image.names };
}

function toJson({ image }: Pick<ImageRow, "image">): object {
  return {
    Id: image.id,
    ParentId: image.parent(),
    RepoTags: null,
    RepoDigests: image.repoDigests(),
    Size: image.size,
    SharedSize: 0,
    VirtualSize: image.size,
    Labels: image.labels(),
    Containers: image.containers(),
    ...(image.readOnly ? { ReadOnly: true } : {}),
    ...(image.dangling() ? { Dangling: true } : {}),
    ...(image.names.length > 0 ? { Names: image.names } : {}),
    Digest: image.digest,
    ...(image.nameHistory.length > 0 ? { History: image.nameHistory } : {}),
    Created: Math.floor(Date.parse(image.created) / 1000),
    CreatedAt: inSeconds(image.created),
  };
}

/** Lists know the time to the second. */
function inSeconds(iso: string): string {
  return `${new Date(iso).toISOString().slice(0, 19)}Z`;
}
