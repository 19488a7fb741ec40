import { atLeast, CoracleCommand, flag } from "../../src/cli/command.ts";
import { forTemplate } from "../../src/cli/inspect.ts";
import { printRows, withJson } from "../../src/cli/report.ts";
import { EngineError } from "../../src/errors.ts";

const pretty = `ID:              {{.ID}}
Name:              {{.Spec.Name}}
{{- if .Spec.Labels }}
Labels:
{{- range $k, $v := .Spec.Labels }}
 - {{ $k }}{{if $v }}={{ $v }}{{ end }}
{{- end }}{{ end }}
Driver:            {{.Spec.Driver.Name}}
Created at:        {{.CreatedAt}}
Updated at:        {{.UpdatedAt}}`;

export default class Inspect extends CoracleCommand {
  static override summary = "Inspect a secret";
  static override description = "Display detail information on one or more secrets";
  static override usage = "[options] SECRET [SECRET...]";
  static override examples = [
    "coracle secret inspect MYSECRET",
    "coracle secret inspect --showsecret --format '{{.SecretData}}' MYSECRET",
  ];
  static override flags = {
    format: flag.string({ char: "f", description: "Format inspect output using Go template" }),
    pretty: flag.boolean({ description: "Print inspect output in human-readable format" }),
    showsecret: flag.boolean({ description: "Display the secret" }),
  };
  static override arity = atLeast(1);
  static override completes = ["secret"] as const;

  async run(): Promise<void> {
    const { flags, args, given } = await this.input(Inspect);
    if (flags.pretty && given.has("format")) {
      throw this.usageError("--format and --pretty cannot be used together");
    }
    const { inspectSecrets } = await import("../../src/engine/secret/inspect.ts");
    const { secrets, errors } = inspectSecrets(this.context, args, flags.showsecret);
    const format = flags.pretty ? pretty : flags.format;
    if (format === undefined || format === "json") this.printJson(secrets);
    else {
      const rows = secrets.map((secret) =>
        withJson({ SecretData: () => "", ...(forTemplate(secret) as object) }, () => secret),
      );
      printRows(
        rows,
        { name: "inspect", type: "*types.SecretInfoReport", format, columns: "{{.ID}}" },
        this.print,
      );
    }
    for (const error of errors.slice(1)) this.printError(`error inspecting secret: ${error.message}`);
    const [first] = errors;
    if (first) {
      throw new EngineError(first.code, `inspecting secret: ${first.message}`, { hint: first.hint });
    }
  }
}
