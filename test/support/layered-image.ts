/** Images with several layers, for tests of pulls that are cut short or meet each other. */
import { execFileSync } from "node:child_process";
import { busyboxConfig, imageArchive } from "./images.ts";

/** Path of an OCI archive `localhost/NAME:latest` with layers of many small files; no two names share a layer. */
export function layeredArchive(name: string, layers = 4): string {
  const files = (layer: number) =>
    Array.from({ length: 150 }, (_, file) => ({
      path: `layer${layer}/${file}`,
      data: `${name} ${layer} ${file}\n`.repeat(300),
    }));
  return imageArchive(name, {
    reference: `localhost/${name}:latest`,
    layers: Array.from({ length: layers }, (_, layer) => [
      { path: `layer${layer}/`, type: "directory" as const },
      ...files(layer),
    ]),
    config: busyboxConfig,
    gzip: true,
  });
}

/** Puts the image of an archive into a registry on loopback; returns the reference it has there. */
export function pushArchive(archive: string, reference: string): string {
  execFileSync(
    "skopeo",
    [
      "--insecure-policy",
      "copy",
      "--quiet",
      "--dest-tls-verify=false",
      `oci-archive:${archive}`,
      `docker://${reference}`,
    ],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  return reference;
}
