/** Tar archives made by hand: what no well-behaved program would write. */

export interface EntryOptions {
  type?: string;
  mode?: number;
  uid?: number;
  gid?: number;
  mtime?: number;
  link?: string;
  data?: string | Buffer;
  /** Other than the data's length. */
  size?: number;
  device?: [number, number];
  /** PAX records for the entry. */
  pax?: Record<string, string | Buffer>;
  /** Changes to the finished header, before its checksum. */
  patch?: (header: Buffer) => void;
}

const BLOCK = 512;

function octal(value: number, length: number): string {
  return `${value.toString(8).padStart(length - 1, "0")}\0`;
}

function padded(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc(-data.length & (BLOCK - 1))]);
}

export function checksum(header: Buffer): void {
  header.fill(" ", 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
}

export function paxRecords(records: Record<string, string | Buffer>): Buffer {
  const parts = Object.entries(records).map(([key, value]) => {
    const body = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from("\n")]);
    let length = body.length + 1;
    while (String(length).length + body.length !== length) length = String(length).length + body.length;
    return Buffer.concat([Buffer.from(String(length)), body]);
  });
  return Buffer.concat(parts);
}

/** One entry; names are latin1 so that any byte can be said. */
export function entry(name: string, options: EntryOptions = {}): Buffer {
  const data = Buffer.from(options.data ?? "");
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0, 100, "latin1");
  header.write(octal(options.mode ?? 0o644, 8), 100);
  header.write(octal(options.uid ?? 0, 8), 108);
  header.write(octal(options.gid ?? 0, 8), 116);
  header.write(octal(options.size ?? data.length, 12), 124);
  header.write(octal(options.mtime ?? 1_000_000_000, 12), 136);
  header.write(options.type ?? "0", 156, "latin1");
  header.write(options.link ?? "", 157, 100, "latin1");
  header.write("ustar\0" + "00", 257, "latin1");
  header.write(octal(options.device?.[0] ?? 0, 8), 329);
  header.write(octal(options.device?.[1] ?? 0, 8), 337);
  options.patch?.(header);
  checksum(header);
  const parts = [header, padded(data)];
  if (options.pax) parts.unshift(entry("pax", { type: "x", data: paxRecords(options.pax) }));
  return Buffer.concat(parts);
}

export const file = (name: string, data = "", options: EntryOptions = {}) =>
  entry(name, { data, ...options });
export const directory = (name: string, options: EntryOptions = {}) =>
  entry(name, { type: "5", mode: 0o755, ...options });
export const symlink = (name: string, link: string) => entry(name, { type: "2", mode: 0o777, link });
export const hardlink = (name: string, link: string) => entry(name, { type: "1", link });

export function tar(...entries: Buffer[]): Buffer {
  return Buffer.concat([...entries, Buffer.alloc(2 * BLOCK)]);
}
