/** Podman in a home of tests: with the overlay driver, and runtimes that let no output get lost (attached-start.sh). */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Home } from "./home.ts";

/** A program that is the runtime, but for its `start`. */
export function attachedStart(home: Home, name: string, runtime: string): string {
  const directory = join(home.directory, "runtimes");
  mkdirSync(directory, { recursive: true });
  const program = join(directory, name);
  const script = join(import.meta.dirname, "attached-start.sh");
  writeFileSync(program, `#!/bin/sh\nexec sh '${script}' '${runtime}' "$@"\n`, { mode: 0o755 });
  return program;
}

export function configurePodman(home: Home): void {
  const config = join(home.directory, "home/.config/containers");
  mkdirSync(config, { recursive: true });
  // Debian's default is vfs where nothing is said.
  writeFileSync(join(config, "storage.conf"), '[storage]\ndriver = "overlay"\n');
  const runtimes = ["crun", "runc"].map(
    (name) => `${name} = ["${attachedStart(home, name, `/usr/bin/${name}`)}"]\n`,
  );
  writeFileSync(join(config, "containers.conf"), `[engine.runtimes]\n${runtimes.join("")}`);
}
