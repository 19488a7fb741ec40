import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readContainersConf } from "../../../../src/host/config/containers-conf.ts";
import { containersConfFiles } from "../../../../src/host/config/files.ts";
import { readStorageConf } from "../../../../src/host/config/storage-conf.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "conf-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const file = join(directory, name);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, text);
  return file;
}

const read = (...texts: string[]) =>
  readContainersConf(texts.map((text, position) => write(`${position}.conf`, text)));

describe("containers.conf", () => {
  test("later files count, key by key", () => {
    const conf = read(
      '[containers]\ntz = "local"\ninit = true\n[engine.runtimes]\na = ["/a"]\n[machine]\ncpus = 2',
      '[containers]\n# a comment = here\ntz = "UTC"\n[engine]\nunknown = 1\nstop_timeout = 3\n[engine.runtimes]\nb = ["/b"]',
    );
    expect(conf.containers).toEqual({ tz: "UTC", init: true });
    expect(conf.engine).toEqual({ stop_timeout: 3, runtimes: { a: ["/a"], b: ["/b"] } });
  });

  test("arrays are replaced, unless they say append, from there on", () => {
    const [one, two] = ['[containers]\nenv=["1=true"]', '[containers]\nenv=["2=true"]'];
    const three = '[containers]\nenv=["3=true", {append=true}]';
    const env = (...texts: string[]) => read(...texts).containers.env;
    expect(env(one, two)).toEqual(["2=true"]);
    expect(env(one, two, three)).toEqual(["2=true", "3=true"]);
    expect(env(one, two, three, '[containers]\nenv=["4=true"]')).toEqual(["2=true", "3=true", "4=true"]);
    expect(env(one, three, '[containers]\nenv=["4=true", {append=false}]')).toEqual(["4=true"]);
  });

  test("what is wrong is told with its place", () => {
    const file = join(directory, "0.conf");
    expect(() => read('[containers]\n\n# x\nenv = ["a"')).toThrow(`decode configuration ${file}: line 4,`);
    expect(() => read("[containers]\nenv = 3")).toThrow(
      `decode configuration ${file}: containers.env is 3, not an array of strings`,
    );
    expect(() => read('[containers]\ninit = "yes"')).toThrow('containers.init is "yes", not true or false');
    expect(() => read("containers = 1")).toThrow("containers is not a table");
  });

  test("pools of subnets", () => {
    const pools = (text: string) => read(`[network]\ndefault_subnet_pools = ${text}`).network;
    expect(pools('[{"base" = "10.99.0.0/16", "size" = 28}]')).toEqual({
      default_subnet_pools: [{ base: "10.99.0.0/16", size: 28 }],
    });
    expect(() => pools('["10.99.0.0/16"]')).toThrow("network.default_subnet_pools is");
  });

  test("a string of several lines may look like a comment", () => {
    expect(read('[containers]\ntz = """\n# not one"""').containers.tz).toBe("# not one");
  });
});

describe("files", () => {
  const home = () => ({ HOME: directory, CORACLE_UID: "1000" });
  const ours = (env: NodeJS.ProcessEnv, modules: string[] = []) =>
    containersConfFiles(modules, env).filter((file) => file.startsWith(directory));

  test("the user's, drop-ins sorted, modules, the override last", () => {
    const base = write(".config/containers/containers.conf", "");
    const b = write(".config/containers/containers.conf.d/b.conf", "");
    const a = write(".config/containers/containers.conf.d/a.conf", "");
    write(".config/containers/containers.conf.d/ignored.txt", "");
    const module = write(".config/containers/containers.conf.modules/deep/m.conf", "");
    const last = write("override.conf", "");
    expect(ours({ ...home(), CONTAINERS_CONF_OVERRIDE: last }, ["deep/m.conf"])).toEqual([
      base,
      a,
      b,
      module,
      last,
    ]);
    expect(containersConfFiles([], { ...home(), CONTAINERS_CONF: last })).toEqual([last]);
    expect(ours({ ...home(), XDG_CONFIG_HOME: join(directory, "other") })).toEqual([]);
    expect(() => containersConfFiles(["nope"], home())).toThrow('could not resolve module "nope"');
  });
});

describe("storage.conf", () => {
  const read = (text: string, env: NodeJS.ProcessEnv = {}) =>
    readStorageConf(write("storage.conf", text), {
      rootless: true,
      env: { HOME: "/home/me", ...env },
      uid: 7,
    });

  test("places and options", () => {
    const conf = read(
      '[storage]\ndriver="overlay"\ngraphroot="$HOME/g"\nrunroot="/run/x/$UID"\n[storage.options]\nmount_program="/bin/f"\n[storage.options.overlay]\nmountopt="nodev"',
    );
    expect(conf).toMatchObject({
      driver: "overlay",
      graphRoot: "/home/me/g",
      runRoot: "/run/x/7",
      options: ["overlay.mount_program=/bin/f", "overlay.mountopt=nodev"],
    });
    expect(read('[storage]\nrootless_storage_path="/r/${UID}"\ngraphroot="/g"').graphRoot).toBe("/r/7");
    expect(() => read('[storage.options]\nadditionalimagestores=["/x"]')).toThrow("not supported yet");
  });
});
