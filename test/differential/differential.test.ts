/** Podman and Coracle run the same lines (scenario.ts) and have to give the same answers, but for deliberate.ts. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { hasCgroup, hasProgram, skipUnless } from "../support/requirements.ts";
import { deliberate } from "./deliberate.ts";
import { type Output, withoutRemedies } from "./normalise.ts";
import { runScenario } from "./peers.ts";
import { parseScenarios, type ScenarioLine } from "./scenario.ts";

const directory = join(import.meta.dirname, "scenarios");
const scenarios = readdirSync(directory)
  .sort()
  .flatMap((file) => parseScenarios(readFileSync(join(directory, file), "utf8"), file.replace(/\.txt$/, "")));

/** Two scenarios at a time keep two processors busy: each waits often, for its containers. */
let running = 0;
const waiting: (() => void)[] = [];
async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running === 2) await new Promise<void>((resolve) => waiting.push(resolve));
  else running += 1;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }
}

const missing = [hasProgram("podman"), hasCgroup()];

for (const scenario of scenarios) {
  describe.concurrent(scenario.title, () => {
    let podman = new Map<ScenarioLine, Output>();
    let coracle = new Map<ScenarioLine, Output>();
    beforeAll(async () => {
      if (missing.some((reason) => reason !== undefined)) return;
      [podman, coracle] = await inTurn(() =>
        Promise.all([runScenario("podman", scenario), runScenario("coracle", scenario)]),
      );
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

test("every deliberate difference is about a line that is compared", () => {
  const lines = new Set(scenarios.flatMap((scenario) => scenario.lines.map(({ command }) => command)));
  expect(deliberate.flatMap((difference) => difference.lines).filter((line) => !lines.has(line))).toEqual([]);
});
