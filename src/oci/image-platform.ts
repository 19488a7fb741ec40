import { EngineError } from "../errors.ts";
import type { Descriptor, Index, Platform } from "./image.ts";

const architectures: Record<string, string> = {
  x64: "amd64",
  x86_64: "amd64",
  aarch64: "arm64",
  ia32: "386",
  i386: "386",
  armhf: "arm",
  ppc64: "ppc64le",
};

/** The platform of a Node `process.arch`, with the variant that Go's tools report. */
export function platformOf(arch: string): Platform {
  const architecture = architectures[arch] ?? arch;
  if (architecture === "arm") return { os: "linux", architecture, variant: "v7" };
  if (architecture === "arm64") return { os: "linux", architecture, variant: "v8" };
  return { os: "linux", architecture };
}

/** Parses `[OS/]ARCH[/VARIANT]` as --platform takes it; one part alone is an OS only when it is `linux`. */
export function parsePlatform(text: string, here: Platform): Platform {
  const parts = text.toLowerCase().split("/");
  if (parts.length > 3 || parts.some((part) => !/^\w[\w.-]*$/.test(part))) {
    throw new EngineError("bad-platform", `invalid platform "${text}"`, {
      hint: "use OS/ARCH or OS/ARCH/VARIANT",
    });
  }
  if (parts.length === 1) {
    return parts[0] === "linux" ? here : withVariant("linux", parts[0] as string, undefined);
  }
  return withVariant(parts[0] as string, parts[1] as string, parts[2]);
}

function withVariant(os: string, arch: string, variant: string | undefined): Platform {
  const architecture = architectures[arch] ?? arch;
  return variant === undefined ? { os, architecture } : { os, architecture, variant };
}

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return variant === undefined ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`;
}

/** Whether an image is for a platform; variants that are every such machine's are none. */
export function matchesPlatform(image: Platform, wanted: Platform): boolean {
  return image.os === wanted.os && image.architecture === wanted.architecture && own(image) === own(wanted);
}

export function platformMismatch(found: Platform, wanted: Platform): string {
  const text = formatPlatform(found);
  return `image platform (${text}) does not match the expected platform (${formatPlatform(wanted)})`;
}

function own({ architecture, variant }: Platform): string {
  const usual: Record<string, string> = { amd64: "v1", arm64: "v8", arm: "v7" };
  return variant === undefined || variant === usual[architecture] ? "" : variant;
}

/** The manifest of an index for a platform: the exact variant, else one without, else (arm) the next older one. */
export function chooseManifest(index: Index, wanted: Platform, what: string): Descriptor {
  const candidates = index.manifests.filter(
    ({ platform }) => platform?.os === wanted.os && platform.architecture === wanted.architecture,
  );
  for (const variant of acceptableVariants(wanted)) {
    const found = candidates.find(({ platform }) => platform?.variant === variant);
    if (found) return found;
  }
  const first = candidates[0];
  if (first && wanted.variant === undefined) return first;
  if (index.manifests.length === 1 && index.manifests[0]?.platform === undefined) {
    return index.manifests[0] as Descriptor;
  }
  const known = index.manifests.flatMap(({ platform }) => (platform ? [formatPlatform(platform)] : []));
  const list = [...new Set(known)].filter((name) => !name.startsWith("unknown/"));
  throw new EngineError("no-platform", `${what}: no image for platform ${formatPlatform(wanted)}`, {
    hint: list.length === 0 ? undefined : `it has ${list.join(", ")}; choose with --platform`,
  });
}

function acceptableVariants({ architecture, variant }: Platform): (string | undefined)[] {
  const arm = /^v(\d)$/.exec(variant ?? "");
  if (architecture === "arm" && arm) {
    const newest = Number(arm[1]);
    return [...Array.from({ length: Math.max(newest - 4, 0) }, (_, i) => `v${newest - i}`), undefined];
  }
  return [variant, undefined];
}
