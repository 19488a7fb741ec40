import * as fs from "node:fs";
import * as path from "node:path";
import type { Readable } from "node:stream";
import { EngineError, isErrno } from "../errors.ts";
import { ensureDirectory, isRealRoot, type Context } from "../host/context.ts";
import { listDirectory, readJson, syncDirectory } from "../host/files.ts";
import { nativeError, runNativeAsync } from "../host/native.ts";
import { digestHex } from "../oci/digest.ts";
import type { Descriptor } from "../oci/image.ts";

/*
 * `layers/<diffID hex>/{diff,record.json}`: unpacked layers, shared by every image that has them. A layer is complete
 * and durable before it has its name.
 */

export interface LayerRecord {
  version: 1;
  diffID: string;
  /** Bytes of the uncompressed tar. */
  diffSize: number;
  /** Bytes of its files. */
  size: number;
  entries: number;
  /** Directories that the tar doesn't list but needs; see parents.ts. */
  implicit: string[];
  /** Directories that hide those of the layers below. */
  opaque: string[];
}
