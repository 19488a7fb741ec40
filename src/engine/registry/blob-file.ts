import * as fs from "node:fs";
import { EngineError } from "../../errors.ts";
import { writeError } from "../../host/files.ts";
import { sha256 } from "../../oci/hash.ts";
import type { Descriptor } from "../../oci/image.ts";
import type { RegistryClient } from "../../registry/client.ts";

/** Fetches a blob into a new file, verified. */
export async function saveBlob(client: RegistryClient, descriptor: Descriptor, file: string): Promise<void> {
  const { digest, size } = descriptor;
  const hash = sha256();
  let received = 0;
  const fd = fs.openSync(file, "wx", 0o600);
  try {
    for await (const chunk of await client.blob(descriptor)) {
      received += chunk.length;
      if (received > size) break;
      hash.update(chunk);
      write(fd, file, chunk);
    }
  } finally {
    fs.closeSync(fd);
  }
  if (received !== size)
    throw new EngineError("size-mismatch", `blob ${digest} has not the announced ${size} bytes`);
  const found = `sha256:${hash.digest("hex")}`;
  if (found !== digest) throw new EngineError("digest-mismatch", `blob ${digest} has digest ${found}`);
}

function write(fd: number, file: string, chunk: Uint8Array): void {
  try {
    for (let done = 0; done < chunk.length; ) done += fs.writeSync(fd, chunk, done);
  } catch (error) {
    throw writeError(file, error);
  }
}
