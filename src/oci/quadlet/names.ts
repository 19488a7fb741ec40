/** Names of Quadlet files, of the services made of them, and of the directories where more of them is found. */

/** In the order in which they are made: what is referred to comes first. */
export const kinds = ["image", "artifact", "volume", "network", "build", "container", "kube", "pod"] as const;
export type Kind = (typeof kinds)[number];

/** The group of a kind's own keys. */
export const groups: Record<Kind, string> = {
  image: "Image",
  artifact: "Artifact",
  volume: "Volume",
  network: "Network",
  build: "Build",
  container: "Container",
  kube: "Kube",
  pod: "Pod",
};

export function kindOf(fileName: string): Kind | undefined {
  const extension = fileName.slice(fileName.lastIndexOf(".") + 1) as Kind;
  return kinds.includes(extension) && fileName.length > extension.length + 1 ? extension : undefined;
}

/** `web.container` is `web`. */
function stemOf(fileName: string): string {
  const dot = fileName.lastIndexOf(".");
  return dot > 0 ? fileName.slice(0, dot) : fileName;
}

/**
 * `web.container` is run by web.service, `web.volume` by web-volume.service, `web@one.volume` by web-volume@one.service,
 * unless the file gives another name.
 */
export function serviceStem(fileName: string, kind: Kind, given?: string): string {
  if (given !== undefined) return given;
  const stem = stemOf(fileName);
  return kind === "container" || kind === "kube" ? stem : stem.replace(/^[^@]*/, `$&-${kind}`);
}

/** What a volume or network is called unless its file says so; instances of a template differ in it. */
export function resourceName(fileName: string): string {
  const [name, instance] = stemOf(fileName).split(/@(.*)/s) as [string, string | undefined];
  return instance === undefined ? `systemd-${name}` : `systemd-${name}-${instance || "%i"}`;
}

/** Of `web@one.service`: `web@.service` and `one`; the instance of the template itself is empty. */
export function templateParts(fileName: string): { template: string; instance: string } | undefined {
  const [, base, instance, extension] = /^([^@]*)@(.*)(\.[^.]*)$/.exec(fileName) ?? [];
  if (base === undefined || extension === undefined) return undefined;
  return { template: `${base}@${extension}`, instance: instance ?? "" };
}

/**
 * Directories with drop-ins for a file, the most specific first: `a-b@c.container` has a-b@c.container.d,
 * a-b@.container.d, a-.container.d and container.d.
 */
export function dropInDirectories(fileName: string): string[] {
  const extension = fileName.slice(fileName.lastIndexOf("."));
  const template = templateParts(fileName);
  const directories = [`${fileName}.d`];
  if (template?.instance) directories.push(`${template.template}.d`);
  const stem = stemOf(fileName).replace(/@.*/s, "");
  for (let dash = stem.lastIndexOf("-"); dash > 0; dash = stem.lastIndexOf("-", dash - 1)) {
    // The name itself may end with a dash.
    if (dash < stem.length - 1) directories.push(`${stem.slice(0, dash + 1)}${extension}.d`);
  }
  return [...directories, `${extension.slice(1)}.d`];
}
