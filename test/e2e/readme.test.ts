import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { useHome } from "../support/home.ts";

/** The shell blocks of the README's section "A tour". */
function tour(): string {
  const readme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");
  const section = readme.split(/^## /m).find((part) => part.startsWith("A tour"));
  return [...(section ?? "").matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1]).join("");
}

const home = useHome();

test("every line of the README's tour works as pasted", async () => {
  const script = tour();
  expect(script.split("\n").length).toBeGreaterThan(20);
  const cwd = join(home.directory, "tour");
  mkdirSync(cwd);
  const env = { PATH: `${dirname(home.program)}:${home.env.PATH}` };
  const result = await home.exec(["sh", "-exc", script], { cwd, env, timeout: 60_000 });
  expect(result).toMatchObject({ exitCode: 0 });
  expect(result.stderr).toContain("+ coracle rmi localhost/mine:1 bb");
  for (const line of ["hello", "to the container", "it said 7", "served by coracle"]) {
    expect(result.stdout.split("\n")).toContain(line);
  }
});
