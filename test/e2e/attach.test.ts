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

test("attach --no-stdin leaves the container's stdin alone", async () => {
  await home.ok("run", "-d", "-i", "--name", "b", "bb", "sh", "-c", "read line; echo got $line");
  const attached = home.start(["attach", "--no-stdin", "b"], { input: "not for it\n" });
  await home.run(["attach", "b"], { input: "for it\n" });
  expect(await attached.done).toMatchObject({ exitCode: 0, stdout: "got for it\n" });
  await home.ok("rm", "b");
});

test("attach to a container that doesn't run says so", async () => {
  await home.ok("create", "--name", "c", "bb", "true");
  const result = await home.coracle("attach", "c");
  expect(result.exitCode).toBe(125);
  expect(result.stderr).toMatch(/^Error: you can only attach to running containers.*coracle start --attach c.*\n$/);
  await home.ok("rm", "c");
});
