/**
 * Scenarios: what is run through Podman and Coracle. A file of `scenarios/` has any number of them:
 *
 *     = ps: filters                                   begins a scenario: both have a fresh store with the image `bb`
 *     + podman create --name xa bb true                preparation: has to succeed with both; nothing is compared
 *     podman ps -a --filter name=x                    run with both, and compared: exit code, stdout, stderr
 *     ~ podman rm xa xb                                 the same, but the output's lines may come in any order
 *     ? podman rm --depend xa                         run with both, not compared yet: the answers still differ
 *     # comment
 *
 * A line is a shell command, its `podman` is either program; it starts in a HOME of its own. There is $RICH, the archive
 * of an image with everything an image can have, and $LAYERS, one with three layers. Names must not look like the
 * beginning of an id (`xa`, not `a`). `=runc` instead of `=`: Podman uses
 * runc, since only that gives its containers a cgroup here, which `pause` needs.
 */
export interface Scenario {
  title: string;
  runc: boolean;
  lines: ScenarioLine[];
}

export interface ScenarioLine {
  command: string;
  kind: "preparation" | "compared" | "open";
  /** Lines of output may come in any order. */
  unordered: boolean;
}

export function parseScenarios(text: string, file: string): Scenario[] {
  const scenarios: Scenario[] = [];
  for (const line of text.split("\n").map((line) => line.trim())) {
    if (line === "" || line.startsWith("#")) continue;
    const [, mark = "", content = ""] = /^(=runc |= |\+ |\? |~ )?(.*)$/.exec(line) ?? [];
    if (mark.startsWith("=")) {
      scenarios.push({ title: `${file}: ${content}`, runc: mark === "=runc ", lines: [] });
    } else {
      const scenario = scenarios.at(-1);
      if (!scenario) throw new Error(`${file}: a line before the first scenario: ${line}`);
      const kind = mark === "+ " ? "preparation" : mark === "? " ? "open" : "compared";
      scenario.lines.push({ command: content, kind, unordered: mark === "~ " });
    }
  }
  return scenarios;
}
