/** --sdnotify: a service manager learns who the main process is, and when the container is ready. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { FakeRegistry } from "../support/fake-registry.ts";
import { useHome } from "../support/home.ts";
import { hasProgram, skipUnless } from "../support/requirements.ts";

const home = useHome({ image: true });
const socket = join(home.directory, "notify");

/** Datagrams of Unix sockets are nothing that Node knows. */
const receiver = `use Socket; my ($path, $count) = @ARGV; socket(S, PF_UNIX, SOCK_DGRAM, 0); unlink $path;
  bind(S, sockaddr_un($path)) or die $!; chmod 0777, $path; $| = 1; print "listening\\n";
  for (1..$count) { recv(S, my $text, 4096, 0); $text =~ s/\\n/|/g; print "$text\\n"; }`;
const sender = `use Socket; socket(S, PF_UNIX, SOCK_DGRAM, 0);
  send(S, $ARGV[0], 0, sockaddr_un($ENV{NOTIFY_SOCKET})) or die $!; sleep 1000;`;

/** Of the container, as soon as it was started. */
let health: string | undefined;

/** What the manager is told while a container runs; PID is the monitor's. */
async function told(count: number, ...args: string[]): Promise<string[]> {
  const manager = home.spawn(["perl", "-e", receiver, socket, `${count}`]);
  await manager.waitForOutput(/listening/);
  const env = { NOTIFY_SOCKET: socket };
  const started = await home.run(["run", "-d", "--name", "unit", "--network", "none", ...args], { env });
  expect(started).toMatchObject({ exitCode: 0, stderr: "" });
  const { stdout } = await manager.done;
  const format =
    "{{.State.ConmonPid}} {{.Config.SdNotifySocket}} {{if .State.Health}}{{.State.Health.Status}}{{end}}";
  const [monitor, inspected, status] = (await home.ok("inspect", "--format", format, "unit")).split(" ");
  expect(inspected).toBe(socket);
  health = status;
  await home.ok("rm", "-f", "-t", "0", "unit");
  return stdout.replaceAll(`=${monitor}`, "=PID").trim().split("\n").slice(1);
}

test("conmon: ready when the container runs", async () => {
  expect(await told(1, "--sdnotify", "conmon", "bb", "sleep", "1000")).toEqual(["MAINPID=PID|READY=1"]);
});

test("healthy: ready, and started, with the first check that succeeds", async () => {
  const check = ["--health-cmd", "test -e /ok", "--health-interval", "1s"];
  const command = ["bb", "sh", "-c", "sleep 0.3; touch /ok; sleep 1000"];
  expect(await told(2, "--sdnotify", "healthy", ...check, ...command)).toEqual(["MAINPID=PID", "READY=1"]);
  expect(health).toBe("healthy");
  const ends = ["run", "-d", "--rm", "--network", "none", "--sdnotify", "healthy", ...check, "bb", "true"];
  expect(await home.run(ends)).toMatchObject({ exitCode: 126, stderr: "Error: container is stopped\n" });
  expect(await home.coracle("create", "--sdnotify", "healthy", "bb", "true")).toMatchObject({
    exitCode: 125,
    stderr: expect.stringContaining('sdnotify policy "healthy" requires a healthcheck to be set'),
  });
});

test("container: what it says itself is passed on, but for ids that mean something in it alone", async () => {
  const perl = ["/usr", "/lib", "/lib64"].flatMap((path) => ["-v", `${path}:${path}:ro`]);
  const message = "READY=1\nMAINPID=5\nSTATUS=fine\n";
  expect(await told(2, ...perl, "-u", "guest", "--read-only", "bb", "perl", "-e", sender, message)).toEqual([
    "MAINPID=PID",
    "READY=1|STATUS=fine|",
  ]);
});

test("a pull asks for more time", async (context) => {
  skipUnless(context, hasProgram("systemd-notify"));
  const manager = home.spawn(["perl", "-e", receiver, socket, "1"]);
  await manager.waitForOutput(/listening/);
  // Who is still asking when the pull ends ends with it.
  const registry = await FakeRegistry.start();
  registry.handler = (_request, response) => {
    void manager.done.then(() => response.writeHead(404).end());
    return true;
  };
  const name = `${registry.address}/none:latest`;
  const pull = ["pull", "--tls-verify=false", "--retry", "0", name];
  const { stderr } = await home.run(pull, { env: { NOTIFY_SOCKET: socket } });
  expect(stderr).toContain(
    `Trying to pull ${name}...\nPulling image //${name} inside systemd: setting pull timeout to 5m0s\n`,
  );
  expect((await manager.done).stdout).toBe("listening\nEXTEND_TIMEOUT_USEC=30000000\n");
  await registry.stop();
});

test("ignore, and nobody to tell: the container knows of no manager", async () => {
  const show = ["bb", "sh", "-c", "echo $NOTIFY_SOCKET"];
  const run = (...flags: string[]) => ["run", "--rm", "--network", "none", ...flags, ...show];
  const env = { NOTIFY_SOCKET: socket };
  expect((await home.run(run("--sdnotify", "ignore"), { env })).stdout).toBe("\n");
  expect((await home.run(run())).stdout).toBe("\n");
  expect((await home.run(run(), { env })).stdout).toBe("/run/notify/notify.sock\n");
});
