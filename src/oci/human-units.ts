/** Sizes and times in words, as docker/go-units and Podman write them. */

const decimalUnits = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
const binaryUnits = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"];

/** `4.861MB`; with `separator` " " and precision 3 as in `images`: `4.86 MB`. */
export function humanSize(bytes: number, precision = 4, separator = ""): string {
  return sizeIn(decimalUnits, 1000, bytes, precision, separator);
}

/** `1.5MiB` */
export function binarySize(bytes: number, precision = 4, separator = ""): string {
  return sizeIn(binaryUnits, 1024, bytes, precision, separator);
}

function sizeIn(units: string[], base: number, bytes: number, precision: number, separator: string): string {
  let size = bytes;
  let unit = 0;
  while (size >= base && unit < units.length - 1) {
    size /= base;
    unit++;
  }
  return `${formatG(size, precision)}${separator}${units[unit]}`;
}

/** Go's `%.<precision>g`: significant digits, no trailing zeros, exponent of at least two digits. */
export function formatG(value: number, precision: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const digits = Math.max(precision, 1);
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e") as [string, string];
  const power = Number(exponent);
  const trim = (text: string) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  if (power < -4 || power >= digits) {
    return `${trim(mantissa)}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  return trim(value.toFixed(digits - 1 - power));
}

/** `2 minutes`, `About an hour` */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / 1000);
  if (seconds < 1) return "Less than a second";
  if (seconds === 1) return "1 second";
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.trunc(milliseconds / 3_600_000 + 0.5);
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.trunc(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.trunc(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.trunc(hours / 24 / 30)} months`;
  return `${Math.trunc(Math.trunc(milliseconds / 3_600_000) / 24 / 365)} years`;
}

/** `2 minutes ago` */
export function humanTimeSince(then: Date | string, now: Date = new Date()): string {
  return `${humanDuration(now.getTime() - new Date(then).getTime())} ago`;
}
