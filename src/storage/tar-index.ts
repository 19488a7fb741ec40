import * as fs from "node:fs";
import { EngineError } from "../errors.ts";
import { keyAndValue } from "../oci/key-value.ts";

/** Where a file of a tar archive lies in it. */
export interface TarEntry {
  offset: number;
  size: number;
}

const block = 512;
/** Extended headers hold names, not content. */
const maxExtendedHeader = 1 << 20;
const maxEntries = 1 << 20;

interface Header {
  name: string;
  size: number;
  type: string;
  linkName: string;
}

/**
 * Reads the table of contents of an uncompressed tar (ustar, pax, GNU names): regular files, and the links to them, by
 * name without leading `./`. Only headers are read, so that gigabytes of layers cost nothing here.
 */
export function readTarIndex(fd: number, what: string): Map<string, TarEntry> {
  const total = fs.fstatSync(fd).size;
  const corrupt = (reason: string) =>
    new EngineError("corrupt-archive", `${what} is not a usable archive: ${reason}`, {
      hint: "it may be cut off or no image archive at all",
    });
  const files = new Map<string, TarEntry>();
  const links = new Map<string, string>();
  const buffer = Buffer.alloc(block);
  let extended: Partial<Header> = {};
  for (let position = 0, count = 0; ; count++) {
    if (fs.readSync(fd, buffer, 0, block, position) < block) throw corrupt("unexpected end");
    if (buffer.every((byte) => byte === 0)) break;
    if (count === maxEntries) throw corrupt("too many entries");
    const header = parseHeader(buffer);
    if (!header) throw corrupt(count === 0 ? "not a tar file" : `bad header at byte ${position}`);
    const offset = position + block;
    const isExtension = /[xgLK]/.test(header.type);
    const size = isExtension ? header.size : (extended.size ?? header.size);
    if (!Number.isSafeInteger(size) || size < 0 || offset + size > total) throw corrupt("unexpected end");
    position = offset + Math.ceil(size / block) * block;
    if (isExtension) {
      if (size > maxExtendedHeader) throw corrupt("extended header is too large");
      const data = Buffer.alloc(size);
      fs.readSync(fd, data, 0, size, offset);
      extended = { ...extended, ...parseExtension(header.type, data) };
      continue;
    }
    const name = cleanName(extended.name ?? header.name);
    const linkName = extended.linkName ?? header.linkName;
    extended = {};
    if (/[0\0 7]/.test(header.type)) files.set(name, { offset, size });
    else if (header.type === "1") links.set(name, cleanName(linkName));
    else if (header.type === "2") links.set(name, resolveName(name, linkName));
  }
  for (const [name, target] of links) {
    const file = files.get(target) ?? files.get(links.get(target) ?? "");
    if (file && !files.has(name)) files.set(name, file);
  }
  return files;
}

function parseHeader(header: Buffer): Header | undefined {
  const stored = parseNumber(header.subarray(148, 156));
  let sum = 8 * 0x20;
  for (let i = 0; i < block; i++) sum += i >= 148 && i < 156 ? 0 : (header[i] as number);
  if (sum !== stored) return undefined;
  const name = text(header.subarray(0, 100));
  const isUstar = header.toString("latin1", 257, 263) === "ustar\0";
  const prefix = isUstar ? text(header.subarray(345, 500)) : "";
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    size: parseNumber(header.subarray(124, 136)),
    type: String.fromCharCode(header[156] as number),
    linkName: text(header.subarray(157, 257)),
  };
}

/** Octal digits, or (first bit set) a big-endian binary number. */
function parseNumber(field: Buffer): number {
  if (((field[0] as number) & 0x80) === 0) return Number.parseInt(text(field).trim() || "0", 8);
  return field.subarray(1).reduce((value, byte) => value * 256 + byte, (field[0] as number) & 0x7f);
}

function text(field: Buffer): string {
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end < 0 ? field.length : end);
}

function parseExtension(type: string, data: Buffer): Partial<Header> {
  if (type === "L") return { name: text(data) };
  if (type === "K") return { linkName: text(data) };
  return type === "x" ? parsePax(data) : {};
}

/** Records `LENGTH KEY=VALUE\n`, the length counting itself. */
function parsePax(data: Buffer): Partial<Header> {
  const found: Partial<Header> = {};
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(0x20, at);
    const length = Number.parseInt(data.toString("latin1", at, space), 10);
    if (space < 0 || !(length > space - at)) break;
    const record = data.toString("utf8", space + 1, at + length - 1);
    const [key, value = ""] = keyAndValue(record);
    if (key === "path") found.name = value;
    if (key === "linkpath") found.linkName = value;
    if (key === "size") found.size = Number(value);
    at += length;
  }
  return found;
}

function cleanName(name: string): string {
  return resolveName("", name);
}

/** A link's target as a name in the archive. */
function resolveName(from: string, target: string): string {
  const parts = target.startsWith("/") ? [] : from.split("/").slice(0, -1);
  for (const part of target.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
}
