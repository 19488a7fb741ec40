import { compressionLevel, parseManifestFormat, parsePushCompression } from "../oci/manifest-format.ts";

interface PushFlags {
  format?: string | undefined;
  "compression-format"?: string | undefined;
  "compression-level"?: number | undefined;
  "force-compression": boolean;
}

/** How push and manifest push write manifests and layers. A compression that was only configured forces nothing. */
export function pushConversion(flags: PushFlags, given: ReadonlySet<string>) {
  const isAsked = given.has("compression-format");
  const format = flags.format === undefined ? undefined : parseManifestFormat(flags.format);
  const compression = parsePushCompression(flags["compression-format"], { format, isConfigured: !isAsked });
  return {
    format,
    compression,
    force: given.has("force-compression") ? flags["force-compression"] : isAsked,
    level: compressionLevel(compression, flags["compression-level"]),
  };
}
