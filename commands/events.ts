import { CoracleCommand, flag } from "../src/cli/command.ts";

export default class Events extends CoracleCommand {
  static override summary = "Show coracle system events";
  static override description =
    "Monitor coracle system events.\n\nBy default, streaming mode is used, printing new events as they occur.  Previous events can be listed via --since and --until.";
  static override examples = [
    "coracle events",
    "coracle events --filter event=create",
    "coracle events --format '{{.Image}}'",
    "coracle events --since 1h30s",
  ];
  static override flags = {
    filter: flag.stringArray({ char: "f", description: "Filter output" }),
    format: flag.string({ description: "Format the output using a Go template" }),
    "no-trunc": flag.boolean({ description: "Do not truncate the output", default: true }),
    since: flag.string({ description: "Show all events created since timestamp" }),
    stream: flag.boolean({
      description: "Stream events and do not exit when returning the last known event",
      default: true,
    }),
    until: flag.string({ description: "Show all events until timestamp" }),
  };

  async run(): Promise<void> {
    const { flags } = await this.input(Events);
    const { systemEvents } = await import("../src/engine/system/events.ts");
    const { eventFields, eventJson, eventText } = await import("../src/cli/events.ts");
    const { asksForJson, asksForJsonLines, printOne } = await import("../src/cli/report.ts");
    const { format, since, until, stream, filter: filters } = flags;
    for await (const event of systemEvents(this.context, { filters, since, until, stream })) {
      if (format === undefined) this.printLine(eventText(event, !flags["no-trunc"]));
      else if (asksForJson(format) || asksForJsonLines(format)) this.printLine(eventJson(event));
      else printOne("events", format, eventFields(event), this.print);
    }
  }
}
