/** Images on their way: from and to a registry, into and out of archives. Both engines use the same docker-registry. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tar } from "../../bin/oci-archive.ts";
import { digestOf } from "../support/fake-registry.ts";
import { startRegistry, type TestRegistry } from "../support/registry.ts";
import type { Bench, Case, Engine } from "./bench.ts";

/** Cases for each of these images, whose OCI archive is asked for when it is needed; `stop` ends what they need. */
export async function registryCases(
  bench: Bench,
  archives: ReadonlyMap<string, () => string>,
): Promise<{ cases: Case[]; memory: () => Promise<void>; stop: () => Promise<void> }> {
  const source = await startRegistry();
  const upload = (image: string, archive: () => string) => () => uploaded(source, image, archive());
  const cases = [...archives].flatMap(([image, archive]) => casesOf(bench, image, upload(image, archive)));
  return {
    cases: [...cases, manyImages(bench)],
    memory: async () => {
      for (const [image, archive] of archives) await pullMemory(bench, image, upload(image, archive)());
    },
    stop: () => source.stop(),
  };
}

/** Puts the image into the registry, if it isn't there; returns its name. */
function uploaded(registry: TestRegistry, image: string, archive: string): string {
  const name = `${registry.address}/bench/${image}:1`;
  const args = ["copy", "-q", "--dest-tls-verify=false", `oci-archive:${archive}`, `docker://${name}`];
  const { status, stderr } = spawnSync("skopeo", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`skopeo ${args.join(" ")}: ${stderr}`);
  return name;
}

const pullArgs = (name: string) => ["pull", "-q", "--tls-verify=false", name];

function casesOf({ call, once, home }: Bench, image: string, upload: () => string): Case[] {
  const file = join(home, "saved.tar");
  let name = "";
  const pulled = (engine: Engine) => {
    name ||= upload();
    call(engine, pullArgs(name));
  };
  const removed = (engine: Engine) => void call(engine, ["rmi", "-f", name]);
  const save = (engine: Engine) => {
    rmSync(file, { force: true });
    return once(engine, ["save", "-q", "-o", file, name]);
  };
  const surroundings = { before: pulled, after: removed };
  return [
    {
      name: `pull of ${image}`,
      target: 0.6,
      rounds: 3,
      before: () => {
        name ||= upload();
      },
      measure: (engine) => {
        const took = once(engine, pullArgs(name));
        removed(engine);
        return took;
      },
    },
    {
      name: `pull of ${image}, all present`,
      target: 0.7,
      rounds: 15,
      measure: (engine) => once(engine, pullArgs(name)),
      ...surroundings,
    },
    {
      name: `push of ${image}`,
      target: 0.8,
      rounds: 3,
      // To an empty registry: else blobs are found there, or mounted from another repository.
      measure: async (engine) => {
        const target = await startRegistry();
        try {
          return once(engine, ["push", "-q", "--tls-verify=false", name, `${target.address}/pushed:1`]);
        } finally {
          await target.stop();
        }
      },
      ...surroundings,
    },
    { name: `save of ${image}`, target: 0.8, rounds: 3, measure: save, ...surroundings },
    {
      name: `load of ${image}`,
      target: 0.8,
      rounds: 3,
      measure: (engine) => {
        save(engine);
        removed(engine);
        return once(engine, ["load", "-q", "-i", file]);
      },
      ...surroundings,
    },
  ];
}

/** `images` where there are many; they come in one archive and share their layer. */
function manyImages({ call, once, home }: Bench): Case {
  const layer = tar([{ path: "x", data: "x" }]);
  const configs = Array.from({ length: 100 }, (_, i) =>
    JSON.stringify({
      os: "linux",
      architecture: "amd64",
      created: "2024-01-01T00:00:00Z",
      config: { Labels: { n: `${i}` } },
      rootfs: { type: "layers", diff_ids: [digestOf(layer)] },
    }),
  );
  const list = configs.map((_, i) => ({
    Config: `${i}.json`,
    RepoTags: [`localhost/many:${i}`],
    Layers: ["layer.tar"],
  }));
  const file = join(home, "many.tar");
  return {
    name: "images, 100 of them",
    target: 1,
    rounds: 11,
    before: (engine) => {
      const entries = configs.map((data, i) => ({ path: `${i}.json`, data }));
      writeFileSync(
        file,
        tar([
          ...entries,
          { path: "layer.tar", data: layer },
          { path: "manifest.json", data: JSON.stringify(list) },
        ]),
      );
      call(engine, ["load", "-q", "-i", file]);
    },
    measure: (engine) => once(engine, ["images"]),
    after: (engine) => void call(engine, ["rmi", "-f", ...list.map(({ RepoTags }) => RepoTags[0] as string)]),
  };
}

/** The most memory that a pull's main process had, in kB. */
async function pullMemory({ program, call, env, row }: Bench, image: string, name: string): Promise<void> {
  const peaks: Record<string, number> = {};
  for (const engine of ["coracle", "podman"] as const) {
    const child = spawn(program(engine), pullArgs(name), { env, stdio: "ignore" });
    peaks[engine] = await peakMemory(child);
    call(engine, ["rmi", "-f", name]);
  }
  const [ours, theirs] = [peaks["coracle"] as number, peaks["podman"] as number];
  row(`memory of a pull of ${image}`, `${ours} kB`, `${theirs} kB`, ours / theirs, 150_000 / theirs);
}

async function peakMemory(child: ChildProcess): Promise<number> {
  let peak = 0;
  const timer = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      peak = Math.max(peak, Number(/^VmHWM:\s*(\d+)/m.exec(status)?.[1] ?? 0));
    } catch {
      // ended
    }
  }, 10);
  const code = await new Promise((resolve) => child.once("exit", resolve));
  clearInterval(timer);
  if (code !== 0) throw new Error(`a pull ended with ${code}`);
  return peak;
}
