import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { useHome } from "../support/home.ts";

const home = useHome({ image: true });
const prefix = join(home.directory, "prefix");
const script = join(import.meta.dirname, "../../bin/install.sh");
const install = (...args: string[]) => home.exec(["sh", script, ...args]);

test("puts everything under the prefix, readable for all", async () => {
  expect(await home.exec(["sh", "-c", 'umask 077; sh "$0" "$1"', script, prefix])).toMatchObject({
    exitCode: 0,
    stderr: "",
  });
  expect(readdirSync(join(prefix, "lib/coracle/bin")).sort()).toEqual([
    "coracle",
    "coracle-conmon",
    "coracle-init",
    "coracle-layer",
    "coracle-monitor",
    "coracle-runtime",
  ]);
  expect(readdirSync(join(prefix, "lib/coracle/dist")).sort()).toEqual([
    "engine",
    "engine.cjs",
    "hello.oci.tar",
  ]);
  for (const file of ["", "bin", "bin/coracle", "dist/engine", "dist/engine.cjs"]) {
    const { mode } = lstatSync(join(prefix, "lib/coracle", file));
    expect(mode & 0o777, file).toBe(file.endsWith(".cjs") ? 0o644 : 0o755);
  }
  expect(lstatSync(join(prefix, "share/bash-completion/completions/coracle")).mode & 0o777).toBe(0o644);
  expect(readlinkSync(join(prefix, "bin/coracle"))).toBe("../lib/coracle/bin/coracle");
  const generator = join(prefix, "lib/systemd/user-generators/coracle-user-generator");
  expect((await home.exec([generator, "-version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  const units = join(prefix, "share/systemd/user");
  expect(readdirSync(units)).toEqual([
    "coracle-auto-update.service",
    "coracle-auto-update.timer",
    "coracle-restart.service",
    "coracle-user-wait-network-online.service",
  ]);
  expect(lstatSync(join(units, "coracle-restart.service")).mode & 0o777).toBe(0o644);
  expect(readFileSync(join(units, "coracle-restart.service"), "utf8")).toContain(
    `ExecStart=${prefix}/bin/coracle start --all --filter should-start-on-boot=true\n`,
  );
});

test("installs over what is running", async () => {
  const coracle = join(prefix, "bin/coracle");
  const running = home.spawn([coracle, "run", "--rm", "--interactive", "bb", "cat"], { keepStdin: true });
  running.child.stdin?.write("up\n");
  await running.waitForOutput(/up/);
  expect(await install(prefix)).toMatchObject({ exitCode: 0, stderr: "" });
  running.child.stdin?.end("down\n");
  expect(await running.done).toMatchObject({ exitCode: 0, stdout: "up\ndown\n" });
  expect(await home.exec([coracle, "run", "--rm", "hello"])).toMatchObject({ exitCode: 0 });
});

test("needs a build", async () => {
  const empty = join(home.directory, "empty/bin");
  const copy = 'mkdir -p "$1" && cp "$0" "$1/" && exec sh "$1/install.sh" "$2"';
  const result = await home.exec(["sh", "-c", copy, script, empty, prefix]);
  expect(result).toMatchObject({ exitCode: 1, stdout: "" });
  expect(result.stderr).toMatch(/^Error: nothing is built yet in .*npm run build/);
});
