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
  if (colon < 1) throw invalid(`bad format for add-host: "${text}"`);
  const names = text.slice(0, colon).split(";");
  if (names.includes("")) throw invalid(`hostname in add-host "${text}" is empty`);
  const ip = text.slice(colon + 1);
  if (ip !== "host-gateway" && !isIP(ip)) throw invalid(`invalid IP address in add-host: "${ip}"`);
  return { names, ip };
}

const LABEL = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const DOMAIN = new RegExp(`^${LABEL}(?:\\.${LABEL})*\\.?\\s*$`);

/** Values of `--dns-search`; `.` takes the host's away and stands by itself. */
export function parseDnsSearch(values: readonly string[]): string[] {
  for (const domain of values) {
    if (domain === ".") {
      if (values.length === 1) continue;
      throw invalid("cannot pass additional search domains when also specifying '.'");
    }
    if (!/[a-zA-Z]/.test(domain) || !DOMAIN.test(domain)) throw invalid(`${domain} is not a valid domain`);
  }
  return [...values];
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
