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
  readContainersConf({
    system: texts.map((text, position) => write(`${position}.conf`, text)),
    additional: [],
  });

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
    const place = `reading system config "${file}": decode configuration ${file}: toml: `;
    expect(() => read('[containers]\n\n# x\nenv = ["a"')).toThrow(`${place}line 4`);
    expect(() => read("[containers]\nenv = 3")).toThrow(
      `${place}line 2 (last key "containers.env"): unable to cast to interface array: 3`,
    );
    expect(() => read("[containers]\nenv = [3]")).toThrow("unsupported item in attributed string slice: 3");
    expect(() => read('[containers]\ninit = "yes"')).toThrow(
      'line 2 (last key "containers.init"): incompatible types: TOML value has type string; destination has type boolean',
    );
    expect(() => read('engine.stop_timeout = "3"')).toThrow(
      'line 1 (last key "engine.stop_timeout"): incompatible types',
    );
    expect(() => read("containers = 1")).toThrow(
      'line 1 (last key "containers"): type mismatch for config.ContainersConfig: expected table but found int64',
    );
    expect(() => read('[engine.runtimes]\nx = "y"')).toThrow(
      'line 2 (last key "engine.runtimes.x"): incompatible types: TOML value has type string; destination has type slice',
    );
    expect(() => readContainersConf({ system: [directory], additional: [] })).toThrow(
      `decode configuration ${directory}: read ${directory}: is a directory`,
    );
    const additional = [write("m.conf", "[")];
    expect(() => readContainersConf({ system: [], additional })).toThrow("reading additional config");
  });

  test("so is what is wrong with a key that means nothing here", () => {
    const faults = [
      ['[engine]\nnum_locks = "x"', "TOML value has type string; destination has type integer"],
      ["[engine]\nnum_locks = -1", 'line 2 (last key "engine.num_locks"): -1 is out of range for uint32'],
      ["[network]\ndns_bind_port = 70000", "70000 is out of range for uint16"],
      ["[engine.service_destinations.x]\nuri = 1", 'line 2 (last key "engine.service_destinations.x.uri"): '],
      ['[machine]\ncpus = "x"', 'last key "machine.cpus"'],
      ["[farms]\nlist = {a = 1}", 'line 2 (last key "farms.list.a")'],
    ] as const;
    for (const [text, message] of faults) expect(() => read(text)).toThrow(message);
    // Podman doesn't look at those either.
    expect(read('[engine]\nruntimes = ["x"]\nservice_destinations = 1').engine.runtimes).toBeUndefined();
  });

  test("keys in capitals", () => {
    expect(read('[Engine]\nStop_Timeout = 3\n[Engine.Runtimes]\nA = ["/a"]').engine).toMatchObject({
      stop_timeout: 3,
      runtimes: { A: ["/a"] },
    });
    expect(() => read('[Engine]\nNum_Locks = "x"')).toThrow('line 2 (last key "Engine.Num_Locks")');
  });

  test.each([
    ["containers", 'default_ulimits = ["foo"]', "unrecognized ulimit foo: invalid ulimit argument: foo"],
    ["containers", 'devices = ["foo"]', "invalid device mode: foo"],
    ["containers", 'devices = ["/dev/null:/dev/x:q"]', "invalid device mode: q"],
    ["containers", 'interface_name = "x"', "invalid interface_name option x"],
    ["containers", 'tz = "No/Where"', "find timezone No/Where in paths: /usr/share/zoneinfo, /etc/zoneinfo"],
    ["containers", 'umask = "999"', "not a valid umask 999"],
    ["containers", 'log_path = "x"', 'log_path must be an absolute path - instead got "x"'],
    ["containers", "log_size_max = 100", "log size max should be negative or >= 8192"],
    ["containers", 'shm_size = ""', `invalid --shm-size , "invalid size: ''"`],
    ["containers", 'shm_size = "abc"', `invalid --shm-size abc, "invalid size: 'abc'"`],
    ["engine", 'volume_path = "x"', 'volume path must be an absolute path - instead got "x"'],
    [
      "engine",
      'image_volume_mode = "x"',
      'invalid image volume mode "x" required value: anonymous, tmpfs, ignore',
    ],
    [
      "engine",
      'pull_policy = "x"',
      'invalid pull type from containers.conf "x": unsupported pull policy "x"',
    ],
    ["engine", 'database_backend = "x"', 'unsupported database backend: "x"'],
    [
      "engine",
      'runtimes_flags = { x = ["a"], crun = ["b"] }',
      'invalid runtime "x" in [engine.runtimes_flags]: not defined in [engine.runtimes]',
    ],
    ["network", 'default_subnet_pools = [{base="fd00::/64", size=65}]', 'invalid subnet pool ip "fd00::"'],
  ])("[%s] %s", (table, line, message) => {
    const what = { containers: "containers config:", engine: "engine configs:", network: "network configs" };
    expect(() => read(`[${table}]\n${line}`)).toThrow(
      `validating ${what[table as keyof typeof what]} ${message}`,
    );
  });

  test("pools of subnets", () => {
    const pools = (text: string) => read(`[network]\ndefault_subnet_pools = ${text}`).network;
    expect(pools('[{"base" = "10.99.0.0/16", "size" = 28}]')).toEqual({
      default_subnet_pools: [{ base: "10.99.0.0/16", size: 28 }],
    });
    expect(() => pools('["10.99.0.0/16"]')).toThrow("expected table but found string");
    expect(() => pools('[{"base" = "x", "size" = 28}]')).toThrow("invalid CIDR address: x");
  });

  test("a string of several lines may look like a comment", () => {
    expect(read('[containers]\nlog_tag = """\n# not one"""').containers.log_tag).toBe("# not one");
  });
});

describe("files", () => {
  const home = () => ({ HOME: directory, CORACLE_UID: "1000" });
  const ours = (env: NodeJS.ProcessEnv, modules: string[] = []) =>
    Object.values(containersConfFiles(modules, env))
      .flat()
      .filter((file) => file.startsWith(directory));

  test("the user's, drop-ins sorted, modules, the override last", () => {
    const base = write(".config/containers/containers.conf", "");
    const b = write(".config/containers/containers.conf.d/b.conf", "");
    const a = write(".config/containers/containers.conf.d/a.conf", "");
    write(".config/containers/containers.conf.d/ignored.txt", "");
    mkdirSync(join(directory, ".config/containers/containers.conf.d/directory.conf"));
    const module = write(".config/containers/containers.conf.modules/deep/m.conf", "");
    const last = write("override.conf", "");
    expect(ours({ ...home(), CONTAINERS_CONF_OVERRIDE: last }, ["deep/m.conf"])).toEqual([
      base,
      a,
      b,
      module,
      last,
    ]);
    const machines = ["containers.conf", "containers.rootless.conf.d/c.conf"].map((name) => write(name, ""));
    const [mine] = [write("containers.rootless.conf.d/1000/b.conf", "")];
    write("containers.rootless.conf.d/1001/b.conf", "");
    const all = containersConfFiles([], home(), directory).system;
    expect(all.filter((file) => file.startsWith(directory))).toEqual([...machines, mine, base, a, b]);
    const roots = containersConfFiles([], { ...home(), CORACLE_UID: "0" }, directory).system;
    expect(roots.filter((file) => file.startsWith(directory))).toEqual([machines[0]]);
    expect(containersConfFiles([], { ...home(), CONTAINERS_CONF: last })).toEqual({
      system: [last],
      additional: [],
    });
    expect(() => containersConfFiles([], { ...home(), CONTAINERS_CONF: "/no" })).toThrow(
      "finding config on system: CONTAINERS_CONF file: faccessat /no: no such file or directory",
    );
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
    expect(read('[storage.options]\nadditionalimagestores=["$HOME/x", "/y"]').options).toEqual([
      "overlay.imagestore=/home/me/x",
      "overlay.imagestore=/y",
    ]);
    expect(
      read(
        '[Storage]\nGraphRoot="/g"\n[Storage.Options.vfs]\nignore_chown_errors="true"\n[Storage.Options]\nforce_mask=448\ndisable-volatile=true',
      ),
    ).toMatchObject({
      graphRoot: "/g",
      options: ["overlay.force_mask=700", "overlay.ignore_chown_errors=true"],
      disableVolatile: true,
    });
  });

  test("what is wrong is told with its place; what nobody knows is named", () => {
    const file = join(directory, "storage.conf");
    const faults = [
      ["driver=1", 'line 2 (last key "storage.driver"): incompatible types: TOML value has type int64'],
      ["[storage.options]\nadditionalimagestores=3", "destination has type slice"],
      ["[storage.options.overlay]\nmountopt=true", '(last key "storage.options.overlay.mountopt"): '],
      ['[storage.options]\nauto-userns-min-size="x"', "destination has type integer"],
    ] as const;
    for (const [text, message] of faults) expect(() => read(`[storage]\n${text}`)).toThrow(message);
    expect(() => read("storage=1")).toThrow(`Failed to read ${file} toml: line 1 (last key "storage"): type`);
    expect(() => read('[storage]\ngraphroot="here"')).toThrow(
      'static directory must be an absolute path - instead got "here/libpod"',
    );
    const odd =
      '[storage]\nx=1\n[storage.options]\npull_options={a="b"}\n[storage.options.overlay]\ny=1\n[foo]\nz=1';
    expect(read(odd).unknown).toEqual(["storage.x", "storage.options.overlay.y", "foo", "foo.z"]);
  });

  test("which driver, and how many ids", () => {
    expect(
      read('[storage]\ndriver_priority=["vfs"]\n[storage.options]\nauto-userns-max-size=70000'),
    ).toMatchObject({ driverPriority: ["vfs"], autoUserns: { max: 70000 } });
  });

  test.each(['imagestore="/x"', "transient_store=true"])("%s is refused", (line) => {
    expect(() => read(`[storage]\n${line}`)).toThrow(`storage.${line.split("=")[0]} is not supported yet`);
    expect(read('[storage]\nimagestore=""\ntransient_store=false').driver).toBeUndefined();
  });
});
