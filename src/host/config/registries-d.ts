import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError } from "../../errors.ts";
import { addSignatureStorage, type SignatureStorage } from "../../oci/registries-d.ts";
import { listDirectory } from "../files.ts";
import { candidates, firstExisting, readConfigFile } from "./files.ts";

/** Where signatures are, by the registries.d that is given, the user's, else the machine's. */
export function readSignatureStorage(given?: string): SignatureStorage {
  const storage: SignatureStorage = { sigstoreAttachments: new Map(), lookasides: new Map() };
  const directory =
    given ?? firstExisting(candidates("registries.d").filter((name) => !name.startsWith("/usr/")));
  if (directory === undefined || !fs.statSync(directory).isDirectory()) return storage;
  for (const name of listDirectory(directory).sort()) {
    if (!name.endsWith(".yaml")) continue;
    const file = path.join(directory, name);
    try {
      addSignatureStorage(storage, readConfigFile(file), file);
    } catch (error) {
      if (error instanceof EngineError) throw error;
      throw new EngineError("bad-config", `parsing ${file}: ${(error as Error).message}`, {
        hint: "see containers-registries.d(5)",
      });
    }
  }
  return storage;
}
