/** Values with a way of their own to be printed: time.Time and time.Duration. */

import { formatDuration } from "../../oci/units.ts";

export abstract class GoValue {
  abstract toJSON(): string | number;
  abstract toString(): string;
}

/** A span of time: in JSON as nanoseconds. */
export class GoDuration extends GoValue {
  readonly #nanoseconds: number;

  constructor(nanoseconds: number) {
    super();
    this.#nanoseconds = nanoseconds;
  }

  toJSON(): number {
    return this.#nanoseconds;
  }

  toString(): string {
    return formatDuration(this.#nanoseconds / 1e6);
  }

  String(): string {
    return this.toString();
  }

  Seconds(): number {
    return this.#nanoseconds / 1e9;
  }
}

/** A point in time: in JSON as RFC 3339, with the methods that templates use. */
export class GoTime extends GoValue {
  readonly #iso: string;

  /** `iso`: RFC 3339, with up to nanoseconds. */
  constructor(iso: string) {
    super();
    this.#iso = iso;
  }

  toJSON(): string {
    return this.#iso;
  }

  toString(): string {
    return this.Format("2006-01-02 15:04:05.999999999 -0700 MST");
  }

  Format(layout: string): string {
    const parts = this.#parts();
    return parts ? layout.replace(layoutElements, (element) => formatElement(element, parts)) : this.#iso;
  }

  String(): string {
    return this.toString();
  }

  UTC(): GoTime {
    const parts = this.#parts();
    if (!parts) return this;
    const seconds = new Date(this.Unix() * 1000).toISOString().replace(/\.\d+Z$/, "");
    return new GoTime(`${seconds}.${parts.nanoseconds}Z`);
  }

  Local(): GoTime {
    return this;
  }

  Year(): number {
    return this.#number("year");
  }

  Month(): string {
    return this.Format("January");
  }

  Day(): number {
    return this.#number("day");
  }

  Hour(): number {
    return this.#number("hour");
  }

  Minute(): number {
    return this.#number("minute");
  }

  Second(): number {
    return this.#number("second");
  }

  Nanosecond(): number {
    return this.#number("nanoseconds");
  }

  Weekday(): string {
    return this.Format("Monday");
  }

  YearDay(): number {
    return Number(this.Format("002"));
  }

  Unix(): number {
    return Math.floor(Date.parse(this.#iso) / 1000);
  }

  UnixMilli(): number {
    return this.Unix() * 1000 + Math.floor(this.Nanosecond() / 1_000_000);
  }

  UnixNano(): bigint {
    return BigInt(this.Unix()) * 1_000_000_000n + BigInt(this.Nanosecond());
  }

  IsZero(): boolean {
    return this.Unix() === -62135596800 && this.Nanosecond() === 0;
  }

  #number(part: keyof Parts): number {
    return Number(this.#parts()?.[part] ?? 0);
  }

  #parts(): Parts | undefined {
    const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(this.#iso);
    if (!match) return undefined;
    const [, year, month, day, hour, minute, second, fraction = "", zone] = match as string[];
    const nanoseconds = fraction.padEnd(9, "0").slice(0, 9);
    return { year, month, day, hour, minute, second, nanoseconds, zone } as Parts;
  }
}

interface Parts {
  year: string;
  month: string;
  day: string;
  hour: string;
  minute: string;
  second: string;
  /** Nine digits. */
  nanoseconds: string;
  /** `Z` or `+02:00` */
  zone: string;
}

const months = "January February March April May June July August September October November December".split(
  " ",
);
const days = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");

/** The reference time of Go's layouts, piece by piece; longer ones first. */
const layoutElements =
  /2006|January|Jan|Monday|Mon|MST|Z07:00|Z0700|-07:00|-0700|-07|002|01|02|03|04|05|06|15|PM|pm|_2|[.,]0+(?!\d)|[.,]9+(?!\d)|1|2|3|4|5/g;

function formatElement(element: string, parts: Parts): string {
  const { year, month, day, hour, minute, second, nanoseconds, zone } = parts;
  const monthName = months[Number(month) - 1] as string;
  const date = new Date(`${year}-${month}-${day}T00:00:00Z`);
  const weekday = days[date.getUTCDay()] as string;
  const hour12 = Number(hour) % 12 || 12;
  const utc = zone === "Z";
  const offset = utc ? "+00:00" : zone;
  if (/^[.,]0/.test(element)) return element.charAt(0) + nanoseconds.slice(0, element.length - 1);
  if (/^[.,]9/.test(element)) {
    const digits = nanoseconds.slice(0, element.length - 1).replace(/0+$/, "");
    return digits && element.charAt(0) + digits;
  }
  const values: Record<string, string> = {
    "2006": year,
    "06": year.slice(2),
    January: monthName,
    Jan: monthName.slice(0, 3),
    "01": month,
    "1": String(Number(month)),
    Monday: weekday,
    Mon: weekday.slice(0, 3),
    "02": day,
    _2: String(Number(day)).padStart(2),
    "2": String(Number(day)),
    "002": String((date.getTime() - Date.parse(`${year}-01-01T00:00:00Z`)) / 86_400_000 + 1).padStart(3, "0"),
    "15": hour,
    "03": String(hour12).padStart(2, "0"),
    "3": String(hour12),
    "04": minute,
    "4": String(Number(minute)),
    "05": second,
    "5": String(Number(second)),
    PM: Number(hour) < 12 ? "AM" : "PM",
    pm: Number(hour) < 12 ? "am" : "pm",
    MST: utc ? "UTC" : offset.replace(/:(00)?/, "$1"),
    "Z07:00": utc ? "Z" : offset,
    Z0700: utc ? "Z" : offset.replace(":", ""),
    "-07:00": offset,
    "-0700": offset.replace(":", ""),
    "-07": offset.slice(0, 3),
  };
  return values[element] as string;
}
