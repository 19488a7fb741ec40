import type { ImageProgress } from "../engine/image/progress.ts";
import { isTerminal } from "../host/terminal.ts";
import { printError, writeAll } from "./output.ts";

/**
 * Prints the progress of a pull or load on stderr, in Podman's words; nothing with `quiet` but warnings. On a terminal
 * layers that are being fetched have a bar each.
 */
export function imageProgress(quiet: boolean, terminal = isTerminal(2)): (event: ImageProgress) => void {
  const bars = terminal && !quiet ? new Bars() : undefined;
  return (event) => {
    if (event.type === "warning") printError(`WARNING: ${event.text}`);
    else if (quiet) return;
    else if (bars && event.type === "layer") bars.show(event);
    else printProgress(event);
  };
}

type LayerProgress = Extract<ImageProgress, { type: "layer" }>;

interface Bar {
  digest: string;
  text: string;
  /** What was there when it began to grow, and when that was. */
  start?: { received: number; time: number };
}

/** Lines that are drawn over: the lowest on the terminal, since nothing else is written before all layers are done. */
class Bars {
  readonly #bars: Bar[] = [];
  #drawn = 0;
  #last = 0;

  show(event: LayerProgress): void {
    const now = Date.now();
    let bar = this.#bars.find(({ digest }) => digest === event.digest);
    if (!bar) {
      bar = { digest: event.digest, text: "" };
      this.#bars.push(bar);
    }
    if (event.status === "growing") {
      bar.start ??= { received: event.received, time: now };
      bar.text = barText(event, bar.start, now);
      // Often enough for the eye.
      if (now - this.#last < 100 && event.received < event.size) return;
    } else if (event.status !== "started") {
      bar.text = event.status === "done" ? "done" : "skipped: already exists";
    }
    this.#last = now;
    this.#draw();
  }

  #draw(): void {
    const lines = this.#bars.map(
      ({ digest, text }) => `\x1b[2KCopying blob ${digest.slice("sha256:".length).slice(0, 12)} ${text}`,
    );
    const up = this.#drawn > 0 ? `\x1b[${this.#drawn}A` : "";
    this.#drawn = lines.length;
    writeAll(2, `${up}${lines.join("\n")}\n`);
  }
}

const barWidth = 30;

/** `[=====>----] 12.0MB / 30.0MB | 8.1 MB/s`. */
export function barText(
  { received, size }: { received: number; size: number },
  start: { received: number; time: number },
  now: number,
): string {
  const filled = size === 0 ? barWidth : Math.floor((barWidth * received) / size);
  const bar = `${"=".repeat(filled)}${filled < barWidth ? ">" : ""}`.padEnd(barWidth, "-");
  const seconds = (now - start.time) / 1000;
  const speed = seconds > 0 ? megabytes((received - start.received) / seconds) : "--";
  return `[${bar}] ${megabytes(received)}MB / ${megabytes(size)}MB | ${speed} MB/s`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

function printProgress(event: ImageProgress): void {
  switch (event.type) {
    case "resolved":
    case "list":
      printError(event.text);
      break;
    case "trying":
      printError(`Trying to pull ${event.reference}...`);
      break;
    case "extended":
      printError(`Pulling image //${event.reference} inside systemd: setting pull timeout to ${event.time}`);
      break;
    case "sources":
      printError("Getting image source signatures");
      break;
    case "layer":
      if (event.status === "started") printError(`Copying blob ${event.digest}`);
      else if (event.status === "exists") printError(`Copying blob ${event.digest} skipped: already exists`);
      break;
    case "config":
      printError(`Copying config ${event.digest}`);
      break;
    case "manifest":
      printError("Writing manifest to image destination");
      break;
  }
}
