import * as fs from "node:fs";
import { isErrno } from "../errors.ts";

/** Where the files of an image go: into an archive, or a directory (directory-writer.ts). */
export interface FileSink {
  /** `name` ends in a slash. */
  directory(name: string): void;
  file(name: string, content: Uint8Array): void;
  /** An open file of known size, from its start. */
  copy(name: string, source: number, size: number): void;
  end(): void;
}

/**
 * Writes a tar archive of files and links to an open file or pipe. Content may also be written by another process to the
 * same descriptor: between `header` and `pad`, or, into a file, at any time at the place that `leave` gives it.
 */
export class TarWriter implements FileSink {
  readonly #fd: number;
  /** Where to write next; null for what has only one place to write at. */
  #position: number | null;

  constructor(fd: number, { isEmptyFile = false } = {}) {
    this.#fd = fd;
    this.#position = isEmptyFile ? 0 : null;
  }

  /** `name` ends in a slash. */
  directory(name: string): void {
    this.#write(encodeHeader(name, 0));
  }

  file(name: string, content: Uint8Array): void {
    this.header(name, content.length);
    this.#write(content);
    this.pad(content.length);
  }

  /** An open file of known size, from its start. */
  copy(name: string, source: number, size: number): void {
    this.header(name, size);
    const buffer = Buffer.allocUnsafe(1 << 20);
    for (let at = 0; at < size; ) {
      const read = fs.readSync(source, buffer, 0, Math.min(buffer.length, size - at), at);
      if (read === 0) throw new Error(`${name} is shorter than ${size} bytes`);
      this.#write(buffer.subarray(0, read));
      at += read;
    }
    this.pad(size);
  }

  link(name: string, target: string): void {
    this.#write(encodeHeader(name, 0, target));
  }

  header(name: string, size: number): void {
    this.#write(encodeHeader(name, size));
  }

  /** Leaves room for content and returns where that is; undefined where it must be written now. */
  leave(size: number): number | undefined {
    if (this.#position === null) return undefined;
    this.#position += size;
    return this.#position - size;
  }

  pad(size: number): void {
    const rest = size % 512;
    if (rest > 0) this.#write(Buffer.alloc(512 - rest));
  }

  end(): void {
    this.#write(Buffer.alloc(1024));
  }

  #write(bytes: Uint8Array): void {
    for (let rest = bytes; rest.length > 0; ) {
      try {
        const written = fs.writeSync(this.#fd, rest, 0, rest.length, this.#position);
        if (this.#position !== null) this.#position += written;
        rest = rest.subarray(written);
      } catch (error) {
        // A pipe that somebody made non-blocking.
        if (!isErrno(error, "EAGAIN")) throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      }
    }
  }
}

/**
 * A ustar header of a file, (`name/`) directory or symbolic link; the same for every run. Names of image archives fit its
 * 100 bytes.
 */
export function encodeHeader(name: string, size: number, target?: string): Buffer {
  if (Buffer.byteLength(name) > 100 || Buffer.byteLength(target ?? "") > 100)
    throw new Error(`name too long for an archive: ${name}`);
  const header = Buffer.alloc(512);
  const octal = (value: number, offset: number, length: number) =>
    header.write(`${value.toString(8).padStart(length - 1, "0")}\0`, offset, "latin1");
  header.write(name, 0);
  const isDirectory = name.endsWith("/");
  const isLink = target !== undefined;
  octal(isDirectory ? 0o755 : isLink ? 0o777 : 0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  if (size < 8 ** 11) octal(size, 124, 12);
  else {
    // GNU's binary form.
    header.writeUInt8(0x80, 124);
    header.writeBigUInt64BE(BigInt(size), 128);
  }
  octal(0, 136, 12);
  header.write(`        ${isDirectory ? 5 : isLink ? 2 : 0}${target ?? ""}`, 148);
  header.write("ustar\x0000", 257, "latin1");
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return header;
}
