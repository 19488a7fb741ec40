import { CoracleCommand, exactly, flag } from "../src/cli/command.ts";
import { asksForJson, printRows, withJson } from "../src/cli/report.ts";
import { type HistoryStep, imageHistory } from "../src/engine/image/history.ts";
import { humanSize, humanTimeSince } from "../src/oci/human-units.ts";

export default class History extends CoracleCommand {
  static override summary = "Show history of a specified image";
  static override description =
    "Displays the history of an image.\n\nThe information can be printed out in an easy to read, or user specified format, and can be truncated.";
  static override usage = "[options] IMAGE";
  static override examples = ["coracle history quay.io/fedora/fedora"];
  static override flags = {
    format: flag.string({ description: "Change the output to JSON or a Go template" }),
    human: flag.boolean({
      char: "H",
      description: "Display sizes and dates in human readable format",
      default: true,
    }),
    "no-trunc": flag.boolean({ aliases: ["notruncate"], description: "Do not truncate the output" }),
    quiet: flag.boolean({ char: "q", description: "Display the numeric IDs only" }),
  };
  static override arity = exactly(1);
  static override completes = ["image"] as const;

  async run(): Promise<void> {
    const { flags, args } = await this.input(History);
    const steps = imageHistory(this.context, args[0] as string);
    if (asksForJson(flags.format)) {
      this.printLine(escapeHtml(JSON.stringify(steps.map(toJson))));
      return;
    }
    const look = { human: flags.human, truncate: !flags["no-trunc"] };
    const fields = steps.map((step) => withJson(toFields(step, look), () => toStruct(step)));
    printRows(
      fields,
      {
        name: "history",
        type: "images.historyReporter",
        format: flags.quiet ? "{{.ID}}" : flags.format,
        columns: "{{.ID}}\t{{.Created}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}",
      },
      this.print,
    );
  }
}

/** Go's zero time, which stands for none. */
const noTime = "0001-01-01T00:00:00Z";

function toFields(step: HistoryStep, { human, truncate }: { human: boolean; truncate: boolean }): object {
  const time = inSeconds(step.created ?? noTime);
  const created = human ? humanTimeSince(step.created ?? noTime) : time;
  const { createdBy } = step;
  return {
    ID: truncate && step.id.length >= 12 ? step.id.slice(0, 12) : step.id,
    Created: created,
    CreatedAt: time,
    CreatedSince: created,
    CreatedBy: truncate && createdBy.length > 45 ? `${createdBy.slice(0, 42)}...` : createdBy,
    Size: humanSize(step.size, 3),
    Comment: step.comment,
    Tags: step.tags,
  };
}

function toJson(step: HistoryStep): object {
  return { ...toStruct(step), Created: inSeconds(step.created ?? noTime) };
}

/** What `{{json .}}` shows. */
function toStruct({ id, created = noTime, createdBy, size, comment, tags }: HistoryStep): object {
  return {
    id,
    created,
    ...(createdBy === "" ? {} : { CreatedBy: createdBy }),
    ...(tags.length > 0 ? { tags } : {}),
    size,
    ...(comment === "" ? {} : { comment }),
  };
}

/** As Go's encoding/json does unless told not to: `<missing>` is among the ids. */
function escapeHtml(json: string): string {
  return json.replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
}

function inSeconds(iso: string): string {
  return iso.replace(/\.\d+/, "");
}
