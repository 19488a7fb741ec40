import { invalid } from "./invalid.ts";
import { isIP } from "./ip-address.ts";

export interface HostEntry {
  names: string[];
  /** An address or `host-gateway`. */
  ip: string;
}

/** Value of `--add-host`: `name[;name…]:ip`. */
export function parseAddHost(text: string): HostEntry {
  const colon = text.indexOf(":");
  const names = text.slice(0, Math.max(colon, 0)).split(";");
  if (colon < 1 || names.some((name) => name === "" || /\s/.test(name))) {
    throw invalid(`bad format for add-host: "${text}"`);
  }
  const ip = text.slice(colon + 1).replace(/^\[(.*)\]$/, "$1");
  if (ip !== "host-gateway" && !isIP(ip)) throw invalid(`invalid IP address in add-host: "${ip}"`);
  return { names, ip };
}

/** Values of `--dns`; `none` leaves the image's resolv.conf alone and stands by itself. */
export function parseDns(values: readonly string[]): string[] {
  if (values.length === 1 && values[0] === "none") return ["none"];
  for (const value of values) {
    if (value === "none") throw invalid("none is not allowed to be specified with other DNS ip addresses");
    if (!isIP(value.replace(/%.*$/, ""))) throw invalid(`${value} is not an ip address`);
  }
  return [...values];
}
