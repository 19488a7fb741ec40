import * as fs from "node:fs";

export interface ListeningSocket {
  port: number;
  inode: string;
  /** As seen from our user namespace. */
  uid: number;
}

/** Sockets of the host that wait for clients, as the kernel lists them. */
export function listeningSockets(protocol: string): ListeningSocket[] {
  return [protocol, `${protocol}6`].flatMap((name) => {
    try {
      return parseSockets(fs.readFileSync(`/proc/net/${name}`, "utf8"));
    } catch {
      return []; // no such protocol here
    }
  });
}

const LISTEN = "0A";
/** What the kernel says of UDP sockets without a peer. */
const UNCONNECTED = "07";

/** The pure part: a table of proc_net_tcp(5). */
export function parseSockets(table: string): ListeningSocket[] {
  return table
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [, local = "", , state = "", , , , uid, , inode = ""] = line.trim().split(/\s+/);
      if (state !== LISTEN && state !== UNCONNECTED) return [];
      return { port: Number.parseInt(local.split(":")[1] ?? "", 16), inode, uid: Number(uid) };
    });
}
