import { EngineError } from "../../errors.ts";
import type { Platform } from "../../oci/image.ts";
import { parsePlatform, platformOf } from "../../oci/image-platform.ts";
import type { PullPolicy } from "../../oci/pull-policy.ts";
import type { RegistryAccess } from "../registry/options.ts";
import type { OnProgress } from "./progress.ts";

export interface PullOptions extends RegistryAccess {
  /** When to ask the registry; `newer` keeps what is here when the registry has nothing else or can't be reached. */
  policy: PullPolicy;
  /** OS/ARCH[/VARIANT]; this machine's where not given. */
  platform?: string | undefined;
  /** The policy.json to go by. */
  signaturePolicy?: string | undefined;
  quiet?: boolean | undefined;
  onProgress?: OnProgress | undefined;
}

export function wantedPlatform({ platform }: { platform?: string | undefined }): Platform {
  const here = platformOf(process.arch);
  return platform === undefined ? here : parsePlatform(platform, here);
}

/** The platform that --platform, or --os, --arch and --variant ask for; undefined for this machine's. */
export function platformText(flags: {
  platform?: string | undefined;
  os?: string | undefined;
  arch?: string | undefined;
  variant?: string | undefined;
}): string | undefined {
  const { platform, os, arch, variant } = flags;
  if (platform) {
    if (!os && !arch) return variant ? `${platform}/${variant}` : platform;
    throw new EngineError("bad-argument", "--platform option can not be specified with --arch or --os");
  }
  if (!os && !arch && !variant) return undefined;
  return [os || "linux", arch || process.arch, ...(variant ? [variant] : [])].join("/");
}
