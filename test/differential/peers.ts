/** The two programs that are compared, each with a home of its own in which `podman` is the program. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Home } from "../support/home.ts";
import { busyboxArchive, busyboxConfig, busyboxEntries, imageArchive } from "../support/images.ts";
import { configurePodman } from "../support/podman.ts";
import { normalise, type Output } from "./normalise.ts";
import type { Scenario, ScenarioLine } from "./scenario.ts";

export type Peer = "podman" | "coracle";

/** Everything an image can have, so that there is something to see in `inspect`, and something to override. */
function richArchive(): string {
  return imageArchive("rich", {
    reference: "localhost/rich:1.0",
    layers: [busyboxEntries()],
    created: "2021-02-03T04:05:06Z",
    config: {
      ...busyboxConfig,
      Env: [...busyboxConfig.Env, "GREETING=hello", "EMPTY="],
      Entrypoint: ["/bin/echo", "entry"],
      Cmd: ["cmd"],
      User: "guest",
      WorkingDir: "/home/guest",
      Labels: { maintainer: "somebody", version: "1.0" },
      ExposedPorts: { "80/tcp": {}, "53/udp": {} },
      Volumes: { "/data": {} },
      StopSignal: "SIGUSR1",
    },
  });
}

function layersArchive(): string {
  return imageArchive("differential-layers", {
    reference: "localhost/layers:latest",
    layers: [
      busyboxEntries(),
      [{ path: "one", data: "1\n".repeat(1000) }],
      [{ path: "two", data: "2\n".repeat(2000) }],
    ],
    created: "2021-02-03T04:05:06Z",
    config: busyboxConfig,
  });
}

function makeHome(peer: Peer, runc: boolean): Home {
  const home = new Home();
  const program = peer === "coracle" ? home.program : `/usr/bin/podman${runc ? " --runtime runc" : ""}`;
  const bin = join(home.directory, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "podman"), `#!/bin/sh\nexec ${program} "$@"\n`);
  chmodSync(join(bin, "podman"), 0o755);
  if (peer === "podman") configurePodman(home);
  home.env.PATH = `${bin}:${home.env.PATH}`;
  home.env.RICH = richArchive();
  home.env.LAYERS = layersArchive();
  return home;
}

/** What each line gave. */
export async function runScenario(peer: Peer, scenario: Scenario): Promise<Map<ScenarioLine, Output>> {
  const home = makeHome(peer, scenario.runc);
  try {
    const loaded = await home.exec(["podman", "load", "-q", "-i", busyboxArchive()]);
    if (loaded.exitCode !== 0) throw new Error(`${peer}: load: ${loaded.stderr}`);
    const outputs = new Map<ScenarioLine, Output>();
    for (const line of scenario.lines) {
      const result = await home.exec(["/bin/sh", "-c", line.command], { timeout: 60_000 });
      if (line.kind === "preparation" && result.exitCode !== 0) {
        const output = result.stdout + result.stderr;
        throw new Error(`${peer}: ${line.command}: exit code ${result.exitCode ?? result.signal}\n${output}`);
      }
      outputs.set(line, normalise(result, home.directory, line.unordered));
    }
    return outputs;
  } finally {
    await home.remove();
  }
}
