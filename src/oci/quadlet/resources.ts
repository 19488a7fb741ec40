/** `.artifact`, `.image`, `.network` and `.volume` files: services that run once, and make what containers need. */
import { commonKeys, type FlagTable, pairFlags, programWords, tableFlags, tableKeys } from "./flags.ts";
import { groups, type Kind } from "./names.ts";
import type { UnitFile } from "./unit-file.ts";
import { joinWords } from "./words.ts";
import type { Work } from "./work.ts";

const imageFlags: FlagTable = {
  strings: {
    Arch: "--arch",
    AuthFile: "--authfile",
    CertDir: "--cert-dir",
    Creds: "--creds",
    OS: "--os",
    Policy: "--policy",
    Retry: "--retry",
    RetryDelay: "--retry-delay",
    Variant: "--variant",
  },
  booleans: { AllTags: "--all-tags", TLSVerify: "--tls-verify" },
};

export const imageKeys = [...commonKeys, ...tableKeys(imageFlags), "Image", "ImageTag"];

export function convertImage(work: Work): void {
  const { unit } = work;
  const image = unit.get("Image", "Image");
  if (image === undefined) throw unit.error("no Image key specified");
  runOnce(work, "image", ["image", "pull", ...tableFlags(unit, "Image", imageFlags)], image);
}

const artifactFlags: FlagTable = {
  strings: {
    AuthFile: "--authfile",
    CertDir: "--cert-dir",
    Creds: "--creds",
    Retry: "--retry",
    RetryDelay: "--retry-delay",
  },
  booleans: { Quiet: "--quiet", TLSVerify: "--tls-verify" },
};

export const artifactKeys = [...commonKeys, ...tableKeys(artifactFlags), "Artifact"];

export function convertArtifact(work: Work): void {
  const { unit } = work;
  const artifact = unit.get("Artifact", "Artifact");
  if (artifact === undefined) throw unit.error("no Artifact key specified");
  runOnce(work, "artifact", ["artifact", "pull", ...tableFlags(unit, "Artifact", artifactFlags)], artifact);
}

const networkFlags: FlagTable = {
  strings: { Driver: "--driver", IPAMDriver: "--ipam-driver", InterfaceName: "--interface-name" },
  lists: { DNS: "--dns" },
  booleans: { DisableDNS: "--disable-dns", Internal: "--internal", IPv6: "--ipv6" },
};

export const networkKeys = [
  ...commonKeys,
  ...tableKeys(networkFlags),
  ...["Gateway", "IPRange", "Label", "NetworkDeleteOnStop", "NetworkName", "Options", "Subnet"],
];

export function convertNetwork(work: Work): void {
  const { unit, service, table } = work;
  const name = table.get(unit.name)?.resource as string;
  if (unit.boolean("Network", "NetworkDeleteOnStop")) {
    const words = [...programWords(work.program, unit, "network"), "network", "rm", name];
    service.add("Service", "ExecStopPost", joinWords(words));
  }
  const words = ["network", "create", "--ignore", ...tableFlags(unit, "Network", networkFlags)];
  words.push(...subnetFlags(unit));
  words.push(...pairFlags(unit, "Network", "Options", "--opt"));
  words.push(...pairFlags(unit, "Network", "Label", "--label"));
  runOnce(work, "network", words, name);
}

function subnetFlags(unit: UnitFile): string[] {
  const subnets = unit.all("Network", "Subnet");
  const words = subnets.map((subnet) => ["--subnet", subnet]);
  for (const [key, flag, what] of [
    ["Gateway", "--gateway", "gateways"],
    ["IPRange", "--ip-range", "ranges"],
  ] as const) {
    const values = unit.all("Network", key);
    if (values.length > 0 && subnets.length === 0) {
      throw unit.error("cannot set gateway or range without subnet", "Network", key);
    }
    if (values.length > subnets.length) {
      throw unit.error(`cannot set more ${what} than subnets`, "Network", key);
    }
    for (const [index, value] of values.entries()) words[index]?.push(flag, value);
  }
  return words.flat();
}

const volumeFlags: FlagTable = { strings: { UID: "--uid", GID: "--gid" } };

export const volumeKeys = [
  ...commonKeys,
  ...tableKeys(volumeFlags),
  ...["Copy", "Device", "Driver", "Group", "Image", "Label", "Options", "Type", "User", "VolumeName"],
];

export function convertVolume(work: Work): void {
  const { unit, table } = work;
  const driver = unit.get("Volume", "Driver");
  const words = ["volume", "create", "--ignore"];
  if (driver !== undefined) words.push("--driver", driver);
  words.push(...(driver === "image" ? imageOptions(work) : mountOptions(work)));
  words.push(...tableFlags(unit, "Volume", volumeFlags));
  words.push(...pairFlags(unit, "Volume", "Label", "--label"));
  runOnce(work, "volume", words, table.get(unit.name)?.resource as string);
}

function imageOptions({ unit, references }: Work): string[] {
  const image = unit.get("Volume", "Image");
  if (image === undefined) {
    throw unit.error("the key Image is mandatory when using the image driver", "Volume", "Driver");
  }
  if (image.endsWith(".build")) throw unit.error(".build files are not supported yet", "Volume", "Image");
  return ["--opt", `image=${references.use(image, ["image"], "Volume", "Image", "image") ?? image}`];
}

function mountOptions({ unit, service }: Work): string[] {
  const get = (key: string) => unit.get("Volume", key);
  const words: string[] = [];
  const copy = unit.boolean("Volume", "Copy");
  if (copy !== undefined) words.push("--opt", copy ? "copy" : "nocopy");
  const device = get("Device");
  if (device === undefined && get("Type") !== undefined) {
    throw unit.error("key Type can't be used without Device", "Volume", "Type");
  }
  if (device !== undefined) words.push("--opt", `device=${device}`);
  if (get("Type") !== undefined) words.push("--opt", `type=${get("Type")}`);
  if (get("Type") === "bind" && device !== undefined)
    service.add("Unit", "RequiresMountsFor", joinWords([device]));
  const options = [
    ...ownerOption(unit, "User", "uid"),
    ...ownerOption(unit, "Group", "gid"),
    ...(get("Options") === undefined ? [] : [get("Options") as string]),
  ];
  return options.length > 0 ? [...words, "--opt", `o=${options.join(",")}`] : words;
}

/** Only a number can be told to mount; the one name that is known here is root's. */
function ownerOption(unit: UnitFile, key: "User" | "Group", name: string): string[] {
  const value = unit.get("Volume", key);
  if (value === undefined) return [];
  const id = value === "root" ? "0" : value;
  if (!/^\d+$/.test(id)) throw unit.error(`key ${key} takes a number, not '${value}'`, "Volume", key);
  return [`${name}=${id}`];
}

function runOnce(work: Work, kind: Kind, words: readonly string[], name: string): void {
  const { unit, service } = work;
  const more = unit.words(groups[kind], "PodmanArgs");
  const line = [...programWords(work.program, unit, kind), ...words, ...more, name];
  service.add("Service", "ExecStart", joinWords(line));
  service.setDefault("Service", "SyslogIdentifier", "%N");
  service.setDefault("Service", "Type", "oneshot");
  service.setDefault("Service", "RemainAfterExit", "yes");
}
