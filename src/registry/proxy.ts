/** The proxy that the environment names for an address, by the rules that Go's programs have, Podman among them. */
export function proxyFor(url: URL, env: NodeJS.ProcessEnv): URL | undefined {
  const scheme = url.protocol === "https:" ? "HTTPS" : "HTTP";
  const text = env[`${scheme}_PROXY`] || env[`${scheme}_PROXY`.toLowerCase()];
  if (!text || isDirect(url, env.NO_PROXY || env.no_proxy || "")) return undefined;
  const proxy = /^[a-z][\w+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  return URL.canParse(proxy) ? new URL(proxy) : undefined;
}

/** What never goes by a proxy: this machine, and what NO_PROXY lists. */
function isDirect(url: URL, noProxy: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, "").toLowerCase();
  if (host === "localhost" || host === "::1" || isInSubnet(host, "127.0.0.0", 8)) return true;
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return noProxy
    .split(",")
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry !== "" && matches(entry, host, port));
}

/** `*`, an address or a subnet, `.domain` for what is below it, `domain` for itself as well; a port at the end. */
function matches(entry: string, host: string, port: string): boolean {
  if (entry === "*") return true;
  const [network, bits] = entry.split("/") as [string, string?];
  if (bits !== undefined) return isInSubnet(host, network, Number(bits));
  const [, name, wantedPort] = (net().isIP(entry) === 6 ? null : /^(.*):(\d+)$/.exec(entry)) ?? ["", entry];
  if (wantedPort !== undefined && wantedPort !== port) return false;
  const wanted = (name as string).replace(/^\[|\]$/g, "").replace(/^\*(?=\.)/, "");
  return wanted.startsWith(".") ? host.endsWith(wanted) : host === wanted || host.endsWith(`.${wanted}`);
}

function isInSubnet(host: string, network: string, bits: number): boolean {
  const { BlockList, isIP } = net();
  const [version, wanted] = [isIP(host), isIP(network)];
  if (version === 0 || wanted === 0 || !(bits <= (wanted === 6 ? 128 : 32))) return false;
  const list = new BlockList();
  list.addSubnet(network, bits, wanted === 6 ? "ipv6" : "ipv4");
  return list.check(host, version === 6 ? "ipv6" : "ipv4");
}

/** Not needed where no proxy is set. */
function net(): typeof import("node:net") {
  return process.getBuiltinModule("node:net");
}
