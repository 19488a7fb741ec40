import type { PortMapping } from "../../oci/container.ts";

/** Gives every published port without a host port a free one. */
export async function choosePorts(ports: PortMapping[]): Promise<PortMapping[]> {
  const chosen: PortMapping[] = [];
  const taken = new Set(ports.map((port) => port.hostPort));
  for (const port of ports) {
    let hostPort = port.hostPort;
    while (hostPort === 0 || (port.hostPort === 0 && taken.has(hostPort))) hostPort = await freePort(port);
    taken.add(hostPort);
    chosen.push({ ...port, hostPort });
  }
  return chosen;
}

/** A port that nobody listens on right now; the kernel chooses. */
function freePort({ hostIp, protocol }: PortMapping): Promise<number> {
  const host = hostIp || "0.0.0.0";
  return protocol === "udp" ? freeUdpPort(host) : freeTcpPort(host);
}

async function freeTcpPort(host: string): Promise<number> {
  const net = await import("node:net");
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once("error", reject);
    server.listen({ host, port: 0, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" ? (address?.port ?? 0) : 0));
    });
  });
}

async function freeUdpPort(host: string): Promise<number> {
  const dgram = await import("node:dgram");
  return new Promise((resolve, reject) => {
    const socket = dgram.createSocket(host.includes(":") ? "udp6" : "udp4");
    socket.once("error", reject);
    socket.bind(0, host, () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}
