import type { ImageProgress } from "../engine/image/progress.ts";
import { printError } from "./output.ts";

/** Prints the progress of a pull or load on stderr, in Podman's words; nothing with `quiet` but warnings. */
export function imageProgress(quiet: boolean): (event: ImageProgress) => void {
  return (event) => {
    if (event.type === "warning") printError(`WARNING: ${event.text}`);
    else if (!quiet) printProgress(event);
  };
}

function printProgress(event: ImageProgress): void {
  switch (event.type) {
    case "resolved":
      printError(event.text);
      break;
    case "trying":
      printError(`Trying to pull ${event.reference}...`);
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
