import { cpSync, mkdirSync, realpathSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { useHome } from "../support/home.ts";

/** The installation without its compiled engine: what runs where that executable can't. */
describe("the engine on Node", () => {
  const home = useHome();
  const lib = join(home.directory, "lib");
  const coracle = (...args: string[]) => home.exec([join(lib, "bin/coracle"), ...args]);

  beforeAll(() => {
    const installed = join(dirname(realpathSync(home.program)), "..");
    mkdirSync(lib);
    for (const name of ["bin", "dist"]) {
      cpSync(join(installed, name), join(lib, name), { recursive: true, verbatimSymlinks: true });
    }
    rmSync(join(lib, "dist/engine"));
  });

  test("answers", async () => {
    expect(await coracle("version")).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await coracle("no-such-command")).toMatchObject({ exitCode: 125, stdout: "" });
  });

  test("keeps flags that Node knows, too, for itself", async () => {
    expect(await coracle("run", "--env-file", "/no/such", "hello")).toMatchObject({
      exitCode: 125,
      stderr: 'Error: parsing file "/no/such": open /no/such: no such file or directory\n',
    });
  });

  test("runs a container, lists and removes it", async () => {
    const greeting = await coracle("run", "--name", "first", "hello");
    expect(greeting.exitCode).toBe(0);
    expect(greeting.stdout).toMatch(/^Hello from Coracle!/);
    expect(await coracle("ps", "--all", "--format", "{{.Names}} {{.ExitCode}}")).toMatchObject({
      stdout: "first 0\n",
    });
    expect(await coracle("rm", "first")).toMatchObject({ exitCode: 0, stdout: "first\n" });
  });
});
