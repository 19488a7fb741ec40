import { AsyncLocalStorage } from "node:async_hooks";
import * as fs from "node:fs";
import * as path from "node:path";
import { isErrno } from "../errors.ts";
import type { Context } from "./context.ts";
import { ensureDirectory } from "./context.ts";
import { listDirectory, writeError } from "./files.ts";
import { isOwnerAlive, ownerName } from "./owner.ts";
import { stagingDirectory } from "./staging.ts";

/*
 * Locks between processes: symbolic links `<graphRoot>/locks/<name>` whose target names their owner. Making one is atomic
 * and says at once whose it is; no crash can leave a lock without owner.
 *
 * proper-lockfile takes, tracks and (on exit and signals) releases them. Its own staleness by time is unsafe for us
 * (two processes can both take one stale lock, and after `kill -9` others would wait): with the file system that we give
 * it, it never sees a stale lock. A dead owner's lock is broken by us, by one process at a time (breakDeadLock), so that
 * nobody removes the lock of the next owner by mistake.
 *
 * Their order is that of `order`: waiting for one while holding a later or equal one is a bug and throws. Nothing waits for
 * a registry or a user's process while holding anything but a claim, which stands for such work in progress ("this blob is
 * being fetched") and is held as long as it takes.
 */
export type LockName =
  | "network"
  | "storage"
  | `container/${string}`
  | `volume/${string}`
  | "names"
  | "events"
  | "addresses";
export type ClaimName = `claim/${string}`;

/** Ends the name of the directory that breakers of a lock contend for. */
const breakingSuffix = ".breaking";

const order = ["claim", "network", "storage", "container", "volume", "names", "events", "addresses"];

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
    if (rankOf(other) >= rankOf(name))
      throw new Error(`lock order: ${name} asked for while holding ${other}`);
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
  const lockPath = lockPathOf(ctx, name);
  const options = {
    lockfilePath: lockPath,
    realpath: false,
    fs: linkFileSystem,
    // Never stale by time; the interval only keeps its timer from firing (setTimeout takes 31 bits).
    stale: Number.POSITIVE_INFINITY,
    update: 2 ** 30,
  };
  for (let delay = 1; ; ) {
    try {
      return await lock(lockPath, options);
    } catch (error) {
      if (!isErrno(error, "ELOCKED")) throw error;
    }
    if (giveUp()) return undefined;
    if (breakDeadLock(ctx, lockPath)) continue;
    await new Promise((resolve) => setTimeout(resolve, delay * (0.5 + Math.random())));
    delay = Math.min(delay * 1.5, maxDelay);
  }
}

function locksDirectory(ctx: Context): string {
  return path.join(ctx.graphRoot, "locks");
}

function lockPathOf(ctx: Context, name: LockName | ClaimName): string {
  return path.join(locksDirectory(ctx), name.replace("/", "-"));
}

/** Whether a living process holds a lock. It may let go of it at any moment. */
export function isLocked(ctx: Context, name: LockName): boolean {
  const owner = ownerOf(lockPathOf(ctx, name));
  return owner !== undefined && isOwnerAlive(owner) !== false;
}

/** Locks that dead processes hold or were breaking. */
export function deadLocks(ctx: Context): string[] {
  return listDirectory(locksDirectory(ctx))
    .map((name) => path.join(locksDirectory(ctx), name))
    .filter((lock) => ownersOf(lock).every((owner) => isOwnerAlive(owner) === false));
}

function ownersOf(lock: string): string[] {
  if (lock.endsWith(breakingSuffix)) return listDirectory(lock);
  return [ownerOf(lock) ?? []].flat();
}

/** Removes the lock of a dead owner. True when it is worth trying again at once. */
function breakDeadLock(ctx: Context, lockPath: string): boolean {
  const owner = ownerOf(lockPath);
  if (owner === undefined) return true;
  if (isOwnerAlive(owner) !== false) return false;
  const breaker = enterBreaking(ctx, `${lockPath}${breakingSuffix}`);
  if (breaker === undefined) return false;
  try {
    // Only a breaker removes a dead owner's lock, and there is one: what is read here is still so when it is unlinked.
    if (ownerOf(lockPath) === owner) fs.rmSync(lockPath, { force: true });
    return true;
  } finally {
    fs.rmSync(breaker, { force: true });
    removeEmpty(path.dirname(breaker));
  }
}

/** Removes the locks of dead owners that nobody may ever ask for again. Costs one readdir when there is none. */
export function reapLocks(ctx: Context): void {
  const directory = locksDirectory(ctx);
  for (const name of listDirectory(directory)) {
    const lockPath = path.join(directory, name);
    if (!name.endsWith(breakingSuffix)) breakDeadLock(ctx, lockPath);
    else if (dropDeadBreaker(lockPath)) removeEmpty(lockPath);
  }
}

/**
 * Makes this process the one that breaks a lock, or returns undefined. The right is a directory with one file named
 * after its owner, renamed into place: rename(2) replaces no directory but an empty one. A dead breaker's file is
 * removed by its name, which no other breaker has.
 */
function enterBreaking(ctx: Context, directory: string): string | undefined {
  if (!dropDeadBreaker(directory)) return undefined;
  const name = ownerName();
  const temporary = path.join(stagingDirectory(ctx), `lock-${name}`);
  ensureDirectory(temporary);
  try {
    fs.writeFileSync(path.join(temporary, name), "");
    fs.renameSync(temporary, directory);
    return path.join(directory, name);
  } catch (error) {
    fs.rmSync(temporary, { recursive: true, force: true });
    if (isErrno(error, "ENOTEMPTY", "EEXIST")) return undefined;
    throw error;
  }
}

/** False while a live process is breaking. */
function dropDeadBreaker(directory: string): boolean {
  for (const file of listDirectory(directory)) {
    if (isOwnerAlive(file) !== false) return false;
    fs.rmSync(path.join(directory, file), { force: true });
  }
  return true;
}

function removeEmpty(directory: string): void {
  try {
    fs.rmdirSync(directory);
  } catch (error) {
    // The next breaker is there already, or was and has left.
    if (!isErrno(error, "ENOTEMPTY", "EEXIST", "ENOENT")) throw error;
  }
}

function ownerOf(lockPath: string): string | undefined {
  try {
    return fs.readlinkSync(lockPath);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}

type Callback = (error: unknown, stats?: fs.Stats) => void;

/** The part of `fs` that proper-lockfile uses. One object for all calls: it keeps what it learns of the clock in it. */
const linkFileSystem = {
  mkdir: (lockPath: string, done: Callback) => settle(done, () => makeLink(lockPath)),
  rmdir: (lockPath: string, done: Callback) => settle(done, () => fs.unlinkSync(lockPath)),
  rmdirSync: (lockPath: string) => fs.unlinkSync(lockPath),
  stat: (lockPath: string, done: Callback) => settle(done, () => fs.lstatSync(lockPath)),
  utimes: (lockPath: string, atime: Date, mtime: Date, done: Callback) =>
    settle(done, () => fs.lutimesSync(lockPath, atime, mtime)),
};

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

function makeLink(lockPath: string): void {
  try {
    fs.symlinkSync(ownerName(), lockPath);
  } catch (error) {
    if (isErrno(error, "EEXIST")) throw error;
    if (!isErrno(error, "ENOENT")) throw writeError(lockPath, error);
    ensureDirectory(path.dirname(lockPath));
    fs.symlinkSync(ownerName(), lockPath);
  }
}
