/**
 * What a test needs of the machine. A test that can't have it is skipped with the reason:
 *
 *     test("pulls from a registry", async (context) => {
 *       skipUnless(context, hasProgram("docker-registry"));
 */
import { accessSync, constants, readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import type { TestContext } from "vitest";
import { delegatedCgroup } from "./cgroup.ts";

/** A reason why not, or undefined when it is there. */
export type Requirement = string | undefined;

export function skipUnless(context: TestContext, ...requirements: Requirement[]): void {
  const missing = requirements.filter((reason) => reason !== undefined);
  context.skip(missing.length > 0, missing.join("; "));
}

export function hasProgram(name: string): Requirement {
  for (const directory of (process.env.PATH ?? "").split(":")) {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return undefined;
    } catch {}
  }
  return `${name} is not installed`;
}

export function ordinaryUser(): Requirement {
  return process.getuid?.() === 0 ? "needs an ordinary user" : undefined;
}

/** A cgroup v2 subtree that belongs to the user; with the controllers named. */
export function hasCgroup(...controllers: string[]): Requirement {
  const directory = delegatedCgroup();
  if (directory === undefined) return "no cgroup v2 subtree is delegated to this user";
  const there = readFileSync(join(directory, "cgroup.controllers"), "utf8").trim().split(" ");
  const missing = controllers.filter((name) => !there.includes(name));
  return missing.length > 0 ? `cgroup controllers are not delegated: ${missing.join(", ")}` : undefined;
}

export function hasDevice(path: string): Requirement {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return undefined;
  } catch {
    return `${path} can't be opened`;
  }
}

/** The first of the host's IPv4 addresses that isn't a loopback one; "" where there is none. */
export function hostAddress(): string {
  const addresses = Object.values(networkInterfaces()).flat();
  return addresses.find((one) => one?.family === "IPv4" && !one.internal)?.address ?? "";
}

export function hasHostAddress(): Requirement {
  return hostAddress() === "" ? "the host has no address beside loopback" : undefined;
}
