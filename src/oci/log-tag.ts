import { notSupported } from "./invalid.ts";

/** What of a container can stand in `--log-opt tag=…`, which Podman takes for a template of what `inspect` shows. */
export interface TagFields {
  ID: string;
  Name: string;
  ImageName: string;
  Image: string;
}

export function expandLogTag(tag: string, fields: TagFields): string {
  return tag.replaceAll(/\{\{([^}]*)\}\}?/g, (whole, inside: string) => {
    const name = /^-?\s*\.(\w+)\s*-?$/.exec(inside)?.[1];
    if (name !== undefined && Object.hasOwn(fields, name)) return fields[name as keyof TagFields];
    throw notSupported(`${whole} in a log tag`, `there are ${Object.keys(fields).join(", ")}`);
  });
}
