import type { InstanceChange } from "../oci/manifest-list.ts";
import { parseAnnotations } from "../oci/manifest-list.ts";
import * as flag from "./flags.ts";

/** What `manifest add` and `manifest annotate` say about an image. */
export const instanceFlags = {
  annotation: flag.stringArray({
    value: "annotation",
    description: "Set an annotation for the specified image",
  }),
  arch: flag.string({
    value: "architecture",
    description: "Override the architecture of the specified image",
    completes: "architecture",
  }),
  features: flag.strings({ value: "features", description: "Override the features of the specified image" }),
  os: flag.string({
    value: "OS",
    description: "Override the OS of the specified image",
    choices: ["linux", "windows"],
  }),
  "os-features": flag.strings({
    value: "features",
    description: "Override the OS features of the specified image",
  }),
  "os-version": flag.string({
    value: "version",
    description: "Override the OS version of the specified image",
  }),
  variant: flag.string({ value: "Variant", description: "Override the Variant of the specified image" }),
};

export function instanceChange(flags: {
  annotation: string[];
  arch?: string | undefined;
  features: string[];
  os?: string | undefined;
  "os-features": string[];
  "os-version"?: string | undefined;
  variant?: string | undefined;
}): InstanceChange {
  return {
    architecture: flags.arch,
    os: flags.os,
    variant: flags.variant,
    osVersion: flags["os-version"],
    osFeatures: flags["os-features"],
    features: flags.features,
    annotations: parseAnnotations(flags.annotation),
  };
}
