import { expect, test } from "vitest";
import { useHome } from "../support/home.ts";

const home = useHome({ image: true });

test("attach ends with the container's exit code", async () => {
  await home.ok("run", "-d", "-i", "--name", "a", "bb", "sh");
  expect(await home.run(["attach", "a"], { input: "echo from within; exit 6\n" })).toMatchObject({
    exitCode: 6,
    stdout: "from within\n",
    stderr: "",
  });
  await home.ok("rm", "a");
});

test("who attaches to a terminal can type, also without --interactive", async () => {
  await home.ok("run", "-d", "-t", "--name", "t", "bb", "sh", "-c", "read line; echo got $line; exit 7");
  expect(await home.run(["attach", "t"], { input: "typed\n" })).toMatchObject({
    exitCode: 7,
    stdout: "typed\r\ngot typed\r\n",
  });
  await home.ok("rm", "t");
});

test("attach --no-stdin leaves the container's stdin alone", async () => {
  // Its ticks show when somebody is attached.
  const script = "while :; do echo tick; sleep 0.1; done & read line; kill $!; echo got $line";
  await home.ok("run", "-d", "-i", "--name", "b", "bb", "sh", "-c", script);
  const attached = home.start(["attach", "--no-stdin", "b"], { input: "not for it\n" });
  await attached.waitForOutput(/tick/);
  await home.run(["attach", "b"], { input: "for it\n" });
  const { exitCode, stdout } = await attached.done;
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/(tick\n)+got for it\n$/);
  await home.ok("rm", "b");
});

test("attach to a container that doesn't run says so", async () => {
  await home.ok("create", "--name", "c", "bb", "true");
  const result = await home.coracle("attach", "c");
  expect(result.exitCode).toBe(125);
  expect(result.stderr).toMatch(
    /^Error: you can only attach to running containers.*coracle start --attach c.*\n$/,
  );
  await home.ok("rm", "c");
});
