/** Completion in the shells themselves: what is typed on a terminal, with Tab. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useHome } from "../support/home.ts";
import { hasProgram, skipUnless } from "../support/requirements.ts";

const home = useHome({ image: true });
const scripts = join(import.meta.dirname, "../../completions");

beforeAll(async () => {
  await home.ok("create", "--name", "first-container", "bb", "true");
  await home.ok("volume", "create", "first-volume");
  await home.exec(["sh", "-c", `echo x | ${home.program} secret create first-secret -`], { env: home.env });
});
afterAll(async () => {
  await home.coracle("rm", "-a");
  await home.coracle("volume", "rm", "-a");
  await home.coracle("secret", "rm", "-a");
});

const shells = {
  bash: { start: "bash --noprofile --norc -i", load: `source ${scripts}/coracle.bash` },
  zsh: {
    start: "zsh -f -i",
    load: `autoload -Uz compinit; compinit -u -D; source ${scripts}/_coracle`,
  },
  fish: { start: "fish --no-config -i", load: `source ${scripts}/coracle.fish` },
};

describe.each(Object.entries(shells))("%s completes", (shell, { start, load }) => {
  test.for([
    ["container inspect -f '{{.Name}}' first-c", "first-container "],
    ["volume inspect -f '{{.Name}}' first-v", "first-volume "],
    ["secret inspect -f '{{.Spec.Name}}' first-s", "first-secret "],
    ["image inspect -f '{{.Id}}' localhost/b", "localhost/bb:latest"],
    ["run --pull=ne", "--pull=ne"],
    ["container ini", "container init"],
    ["images --digest", "--digests "],
    ["load -i ./arch", "./archive-file"],
    ["run bb /etc/pass", "/etc/passwd "],
    ["cp first-container:/etc/pass", "first-container:/etc/passwd "],
    ["cp first-c", "first-container:"],
  ] as const)("%s", async ([typed, completed], context) => {
    skipUnless(context, hasProgram(shell));
    const program = home.program.slice(0, home.program.lastIndexOf("/"));
    const env = { ...home.env, TERM: "xterm", PATH: `${program}:${home.env.PATH}` };
    await home.exec(["touch", join(home.env.HOME as string, "archive-file")]);
    const terminal = home.spawn(["script", "-qec", start, "/dev/null"], { env, keepStdin: true });
    terminal.child.stdin?.write(`${load}; echo lo''aded\n`);
    await terminal.waitForOutput(/loaded\r?\n/, 25_000);
    terminal.child.stdin?.write(`coracle ${typed}\t`);
    const plain = () => terminal.stdout.replace(/\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]/g, "");
    await expect.poll(plain, { timeout: 15_000 }).toContain(completed);
    terminal.child.kill("SIGKILL");
    await terminal.done.catch(() => {});
  });
});
