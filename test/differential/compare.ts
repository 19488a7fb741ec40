/** Podman and Coracle run the same lines (scenario.ts) and have to give the same answers, but for deliberate.ts. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { hasCgroup, hasProgram, skipUnless } from "../support/requirements.ts";
import { deliberate } from "./deliberate.ts";
import { type Output, withoutRemedies } from "./normalise.ts";
import { runScenario } from "./peers.ts";
import { parseScenarios, type Scenario, type ScenarioLine } from "./scenario.ts";

export const directory = join(import.meta.dirname, "scenarios");

export function scenariosOf(name: string): Scenario[] {
  return parseScenarios(readFileSync(join(directory, `${name}.txt`), "utf8"), name);
}

/** Declares the tests of a file of scenarios/; each has a test file of its own, so that they run side by side. */
export function compareScenarios(name: string): void {
  const missing = [hasProgram("podman"), hasCgroup()];
  for (const scenario of scenariosOf(name)) {
    describe(scenario.title, () => {
      let podman = new Map<ScenarioLine, Output>();
      let coracle = new Map<ScenarioLine, Output>();
      beforeAll(async () => {
        if (missing.some((reason) => reason !== undefined)) return;
        [podman, coracle] = await Promise.all([
          runScenario("podman", scenario),
          runScenario("coracle", scenario),
        ]);
      }, 600_000);

      for (const line of scenario.lines) {
        if (line.kind === "open") test.todo(line.command);
        if (line.kind !== "compared") continue;
        test(line.command, (context) => {
          skipUnless(context, ...missing);
          compare(line.command, podman.get(line) as Output, coracle.get(line) as Output);
        });
      }
    });
  }
}

function compare(command: string, theirs: Output, given: Output): void {
  const ours = { ...given, stderr: withoutRemedies(given.stderr, theirs.stderr) };
  const wanted = { ...theirs };
  const difference = deliberate.find(({ lines }) => lines.includes(command));
  for (const [part, expected] of Object.entries(difference?.ours ?? {}) as [keyof Output, unknown][]) {
    expect(ours[part], `${part} no longer differs: ${difference?.reason}`).not.toBe(theirs[part]);
    const fits = expected instanceof RegExp ? expected.test(String(ours[part])) : ours[part] === expected;
    if (fits) Object.assign(wanted, { [part]: ours[part] });
    else Object.assign(wanted, { [part]: expected });
  }
  expect(ours).toEqual(wanted);
}
