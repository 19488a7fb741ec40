import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError } from "../../errors.ts";

const DATABASE = "/usr/share/zoneinfo";

/** The host's file for --tz: a name of the time zone database, or `local` for the host's own zone. */
export function timezoneFile(name: string): string {
  const file = name === "local" ? "/etc/localtime" : path.join(DATABASE, name);
  if ((name === "local" || file.startsWith(`${DATABASE}/`)) && isFile(file)) return file;
  throw new EngineError(
    "no-such-timezone",
    `running container create option: finding timezone: unknown time zone ${name}`,
    {
      hint: fs.existsSync(DATABASE)
        ? `${DATABASE} lists them`
        : "install the time zone database (`apt install tzdata`)",
    },
  );
}

function isFile(file: string): boolean {
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}
