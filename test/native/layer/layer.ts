/** Runs `coracle-layer` as root of a user namespace, where subordinate ids are mapped as the engine maps them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type RunOptions, type RunResult, run } from "../../support/process.ts";
import type { Requirement } from "../../support/requirements.ts";

const bin =
  process.env.CORACLE_BIN || process.env.CORACLE_ASAN_BIN || join(import.meta.dirname, "../../../bin");
export const layerProgram = join(bin, "coracle-layer");
const NAMESPACE = ["unshare", "--user", "--map-root-user", "--map-auto", "--"];

/** What is in a tree: path → metadata, as seen inside the namespace. */
export interface Node {
  type: "file" | "directory" | "symlink" | "fifo" | "char" | "block" | "socket";
  mode: number;
  uid: number;
  gid: number;
  mtime: string;
  size?: number;
  content?: string;
  link?: string;
  device?: [number, number];
  /** First path of the same file. */
  same?: string;
  xattrs?: Record<string, string>;
}
export type Tree = Record<string, Node>;

const DESCRIBE = `
import base64, hashlib, json, os, stat, sys
kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink", stat.S_IFIFO: "fifo",
         stat.S_IFCHR: "char", stat.S_IFBLK: "block", stat.S_IFSOCK: "socket"}
tree, seen = {}, {}
def describe(path, name):
    st = os.lstat(path)
    node = {"type": kinds[stat.S_IFMT(st.st_mode)], "mode": stat.S_IMODE(st.st_mode), "uid": st.st_uid, "gid": st.st_gid,
            "mtime": str(st.st_mtime_ns)}
    if node["type"] == "file":
        node["size"] = st.st_size
        data = open(path, "rb").read()
        text = data.decode("latin1") if len(data) < 200 else hashlib.sha256(data).hexdigest()
        node["content"] = text
    if node["type"] == "symlink":
        node["link"] = os.fsdecode(os.readlink(path))
    if node["type"] in ("char", "block"):
        node["device"] = [os.major(st.st_rdev), os.minor(st.st_rdev)]
    if st.st_nlink > 1 and node["type"] != "directory":
        first = seen.setdefault(st.st_ino, name)
        if first != name:
            node["same"] = first
    names = os.listxattr(path, follow_symlinks=False)
    if names:
        node["xattrs"] = {n: os.getxattr(path, n, follow_symlinks=False).decode("latin1") for n in names}
    tree[name.encode("utf8", "surrogateescape").decode("utf8", "replace")] = node
def walk(path, name):
    describe(path, name or ".")
    if stat.S_ISDIR(os.lstat(path).st_mode):
        for entry in sorted(os.listdir(path)):
            walk(os.path.join(path, entry), os.path.join(name, entry))
walk(sys.argv[1], "")
print(json.dumps(tree))
`;

let namespaces: Requirement | "unknown" = "unknown";

/** Subordinate ids, newuidmap and leave to make user namespaces. */
export async function mappedNamespace(): Promise<Requirement> {
  if (namespaces === "unknown") {
    const { exitCode, stderr } = await run([...NAMESPACE, "true"]);
    namespaces = exitCode === 0 ? undefined : `no user namespace with subordinate ids: ${stderr.trim()}`;
  }
  return namespaces;
}

export function inside(argv: string[], options?: RunOptions): Promise<RunResult> {
  return run([...NAMESPACE, ...argv], { env: { ...process.env, LC_ALL: "C.UTF-8" }, ...options });
}

export function layer(args: string[], options?: RunOptions): Promise<RunResult> {
  return inside([layerProgram, ...args], options);
}

/** With one id mapped, as on machines without subordinate ids. */
export function singleIdLayer(args: string[], options?: RunOptions): Promise<RunResult> {
  return run(["unshare", "--user", "--map-root-user", "--", layerProgram, ...args], options);
}

/** Runs it, expects success and returns what it says. */
export async function layerOk(args: string[], options?: RunOptions): Promise<Record<string, unknown>> {
  const { exitCode, stdout, stderr } = await layer(args, options);
  if (exitCode !== 0) throw new Error(`coracle-layer ${args.join(" ")}: ${stderr}`);
  return JSON.parse(stdout);
}

/** Runs it, expects failure and returns the error. */
export async function layerError(
  args: string[],
  options?: RunOptions,
): Promise<{ code: string; message: string }> {
  const { exitCode, stderr, stdout } = await layer(args, options);
  if (exitCode !== 1) throw new Error(`exit code ${exitCode}: ${stdout}${stderr}`);
  return JSON.parse(stderr);
}

/** A script in the namespace that must succeed. */
export async function shell(script: string, cwd: string, ...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await inside(["sh", "-euc", script, "sh", ...args], { cwd });
  if (exitCode !== 0) throw new Error(`${script}\n${stderr}`);
  return stdout;
}

export async function describeTree(directory: string): Promise<Tree> {
  const { exitCode, stdout, stderr } = await inside(["python3", "-c", DESCRIBE, directory]);
  if (exitCode !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

/** A directory for the test, removed after it. */
export function scratch(): string {
  const directory = mkdtempSync(join(process.env.CORACLE_TEST_TMP || tmpdir(), "layer-"));
  onTestFinished(async () => {
    await inside(["rm", "-rf", directory]);
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}
