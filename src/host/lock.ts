import { AsyncLocalStorage } from "node:async_hooks";
import * as fs from "node:fs";
import * as path from "node:path";
import { isErrno } from "../errors.ts";
import type { Context } from "./context.ts";
import { ensureDirectory } from "./context.ts";
import { isOwnerAlive, ownerName } from "./owner.ts";
import { stagingDirectory } from "./staging.ts";

/*
 * Locks between processes, as directories `<graphRoot>/locks/<name>` that hold one file named after their owner.
 *
 * proper-lockfile takes, tracks and (on exit and signals) releases them. Its own staleness by time is unsafe for us
 * (two processes can both take one stale lock, and after `kill -9` others would wait), so it never sees a stale lock;
 * we give it a file system in which
 * - taking is the rename of a ready-made directory, owner file inside, to the lock's name: it succeeds for exactly one
 *   process and only where there is no lock or an empty one (rename(2)), and no lock is ever without an owner;
 * - releasing is the removal of the owner file, then of the directory;
 * - a dead owner's lock is broken by removing *its* owner file, whose name is unique: a slow observer can't break the
 *   lock of the next owner by mistake.
 *
 * Lock order: claim → network → storage → container. Waiting for one while holding a later or equal one is a bug and
 * throws. Nothing waits for a registry or a user's process while holding anything but a claim, which stands for such
 * work in progress ("this blob is being fetched") and is held as long as it takes.
 */
export type LockName = "network" | "storage" | `container/${string}`;
export type ClaimName = `claim/${string}`;

const order = ["claim", "network", "storage", "container"];

function rankOf(name: LockName | ClaimName): number {
  return order.indexOf(name.split("/", 1)[0] as string);
}

const heldHere = new AsyncLocalStorage<readonly (LockName | ClaimName)[]>();

/** Runs `fn` while holding a lock; waits for a live owner as long as it takes, takes over a dead one's at once. */
export async function withLock<T>(ctx: Context, name: LockName, fn: () => Promise<T> | T): Promise<T> {
  return await holding(ctx, name, 25, () => false, fn);
}

/**
 * Runs `fn` while holding the claim on a piece of long work, unless `isDone` says (before or after waiting for another
 * process) that it has been done: then undefined. `fn` must look again itself: the work may be done since.
 */
export async function withClaim<T>(
  ctx: Context,
  name: ClaimName,
  isDone: () => boolean,
  fn: () => Promise<T>,
): Promise<T | undefined> {
  if (isDone()) return undefined;
  return await holding(ctx, name, 100, isDone, fn);
}

async function holding<T>(
  ctx: Context,
  name: LockName | ClaimName,
  maxDelay: number,
  giveUp: () => boolean,
  fn: () => Promise<T> | T,
): Promise<Awaited<T>>;
async function holding<T>(
  ctx: Context,
  name: LockName | ClaimName,
  maxDelay: number,
  giveUp: () => boolean,
  fn: () => Promise<T> | T,
): Promise<T | undefined> {
  const held = heldHere.getStore() ?? [];
  for (const other of held) {
    if (rankOf(other) >= rankOf(name)) throw new Error(`lock order: ${name} asked for while holding ${other}`);
  }
  const release = await acquire(ctx, name, maxDelay, giveUp);
  if (!release) return undefined;
  try {
    return await heldHere.run([...held, name], async () => await fn());
  } finally {
    await release();
  }
}

type Release = () => Promise<void>;

async function acquire(
  ctx: Context,
  name: LockName | ClaimName,
  maxDelay: number,
  giveUp: () => boolean,
): Promise<Release | undefined> {
  const { lock } = await import("proper-lockfile");
  const lockPath = path.join(ctx.graphRoot, "locks", name.replace("/", "-"));
  const options = {
    lockfilePath: lockPath,
    realpath: false,
    fs: fileSystem(ctx),
    // Never stale by time; the interval only keeps its timer from firing (setTimeout takes 31 bits).
    stale: 2 ** 31,
    update: 2 ** 30,
  };
  for (let delay = 1; ; ) {
    try {
      return await lock(lockPath, options);
    } catch (error) {
      if (!isErrno(error, "ELOCKED")) throw error;
    }
    if (giveUp()) return undefined;
    if (breakDeadLock(lockPath)) continue;
    await new Promise((resolve) => setTimeout(resolve, delay * (0.5 + Math.random())));
    delay = Math.min(delay * 1.5, maxDelay);
  }
}

/** Removes the owner file of a dead owner. True when it is worth trying again at once. */
function breakDeadLock(lockPath: string): boolean {
  const owner = ownerFileOf(lockPath);
  if (owner === undefined) return true;
  if (isOwnerAlive(owner) !== false) return false;
  fs.rmSync(path.join(lockPath, owner), { force: true });
  return true;
}

function ownerFileOf(lockPath: string): string | undefined {
  try {
    return fs.readdirSync(lockPath)[0];
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}

type Callback = (error: unknown, stats?: fs.Stats) => void;

/** Owner files of the locks held by this process, by lock path. */
const owned = new Map<string, string>();

let current: { graphRoot: string; fs: object } | undefined;

/** The part of `fs` that proper-lockfile uses. One object for all calls: it caches what it learns of the clock in it. */
function fileSystem(ctx: Context): object {
  if (current?.graphRoot !== ctx.graphRoot) {
    current = {
      graphRoot: ctx.graphRoot,
      fs: {
        mkdir: (lockPath: string, done: Callback) => settle(done, () => publish(ctx, lockPath)),
        rmdir: (lockPath: string, done: Callback) => settle(done, () => withdraw(lockPath)),
        rmdirSync: withdraw,
        stat: (file: string, done: Callback) => settle(done, () => fs.statSync(file)),
        utimes: (file: string, atime: Date, mtime: Date, done: Callback) =>
          settle(done, () => fs.utimesSync(file, atime, mtime)),
      },
    };
  }
  return current.fs;
}

function settle(done: Callback, call: () => fs.Stats | void): void {
  let result: fs.Stats | undefined;
  try {
    result = call() ?? undefined;
  } catch (error) {
    done(error);
    return;
  }
  done(null, result);
}

/** Puts a directory with our owner file in the lock's place; EEXIST while somebody holds it. */
function publish(ctx: Context, lockPath: string): void {
  const name = ownerName();
  const temporary = path.join(stagingDirectory(ctx), `lock-${name}`);
  try {
    makeLock(temporary, name, lockPath);
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
    ensureDirectory(stagingDirectory(ctx));
    ensureDirectory(path.dirname(lockPath));
    makeLock(temporary, name, lockPath);
  }
  owned.set(lockPath, name);
}

function makeLock(temporary: string, owner: string, lockPath: string): void {
  // Most contenders see the lock held: spare them the directory.
  if (ownerFileOf(lockPath) !== undefined) throw alreadyHeld(lockPath);
  fs.mkdirSync(temporary, 0o700);
  try {
    fs.closeSync(fs.openSync(path.join(temporary, owner), "wx", 0o600));
    fs.renameSync(temporary, lockPath);
  } catch (error) {
    fs.rmSync(temporary, { recursive: true, force: true });
    throw isErrno(error, "ENOTEMPTY", "EEXIST") ? alreadyHeld(lockPath) : error;
  }
}

function alreadyHeld(lockPath: string): Error {
  return Object.assign(new Error(`${lockPath} is held`), { code: "EEXIST" });
}

function withdraw(lockPath: string): void {
  const owner = owned.get(lockPath);
  if (owner === undefined) return;
  owned.delete(lockPath);
  fs.rmSync(path.join(lockPath, owner), { force: true });
  try {
    fs.rmdirSync(lockPath);
  } catch (error) {
    // Taken by the next one already, or removed by it.
    if (!isErrno(error, "ENOTEMPTY", "EEXIST", "ENOENT")) throw error;
  }
}
