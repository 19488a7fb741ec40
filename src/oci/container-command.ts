import type { ContainerConfig } from "./container.ts";

/** What a container runs. An entrypoint of one empty word is none: `--entrypoint ""`, or an image's `ENTRYPOINT [""]`. */
export function containerCommand({
  entrypoint,
  command,
}: Pick<ContainerConfig, "entrypoint" | "command">): string[] {
  const isNone = entrypoint.length === 1 && entrypoint[0] === "";
  return isNone ? command : [...entrypoint, ...command];
}
