import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError } from "../../errors.ts";

const DATABASE = "/usr/share/zoneinfo";

/** The host's file for --tz: a name of the time zone database, or `local` for the host's own zone. */
export function timezoneFile(name: string): string {
  const file = name === "local" ? "/etc/localtime" : path.join(DATABASE, name);
  if (name.split("/").includes("..") || /^[/\\]/.test(name)) throw unusable("time: invalid location name");
  const found = fs.statSync(file, { throwIfNoEntry: false });
  if (found?.isFile()) return file;
  if (found?.isDirectory()) throw unusable("is a directory");
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

function unusable(reason: string): EngineError {
  return new EngineError("no-such-timezone", `running container create option: finding timezone: ${reason}`);
}
