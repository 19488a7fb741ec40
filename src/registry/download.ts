import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError } from "../errors.ts";
import { discardBody, readChunks, request } from "./http.ts";

const redirects = 10;
const idleTimeout = 60;

export function isUrl(text: string): boolean {
  return /^https?:\/\//.test(text);
}

/** Fetches what a web server has at an address into a new file. Gives the name that the server has for it, if any. */
export async function download(address: string, file: string): Promise<string | undefined> {
  let url = new URL(address);
  for (let hops = 0; hops <= redirects; hops++) {
    const response = await request(url, { tls: { verify: true } });
    const location = response.headers.get("location");
    if (response.status === 200) {
      await save(url, response, file);
      return givenName(response.headers.get("content-disposition") ?? "");
    }
    await discardBody(response);
    if (response.status < 300 || response.status >= 400 || !location)
      throw failed(address, `status ${response.status}`);
    url = new URL(location, url);
    if (!isUrl(url.href)) throw failed(address, `it redirects to ${url.href}`);
  }
  throw failed(address, `more than ${redirects} redirects`);
}

/** As Podman takes it from the header; never a path. */
function givenName(disposition: string): string | undefined {
  const [, given = ""] = /filename=(.*)/s.exec(disposition) ?? [];
  const name = path.posix.basename(given.replace(/^["']+|["']+$/g, ""));
  return name === "" || name === ".." ? undefined : name;
}

async function save(url: URL, response: Awaited<ReturnType<typeof request>>, file: string): Promise<void> {
  const fd = fs.openSync(file, "wx", 0o600);
  let size = 0;
  try {
    for await (const chunk of readChunks(url, response, idleTimeout)) {
      fs.writeFileSync(fd, chunk);
      size += chunk.length;
    }
  } finally {
    fs.closeSync(fd);
  }
  const expected = response.headers.get("content-length");
  // What is sent compressed has the length of that.
  if (expected === null || response.headers.get("content-encoding") || Number(expected) === size) return;
  throw failed(url.href, `${size} bytes came of ${expected}`);
}

function failed(address: string, reason: string): EngineError {
  return new EngineError("download-failed", `downloading ${address}: ${reason}`, {
    hint: "check the address",
  });
}
