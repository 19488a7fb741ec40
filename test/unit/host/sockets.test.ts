import { expect, test } from "vitest";
import { parseSockets } from "../../../src/host/sockets.ts";

test("listening sockets of /proc/net/tcp", () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1F91 0100007F:CAFE 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0000000000000000 100 0 0 10 0
`;
  expect(parseSockets(table)).toEqual([{ port: 8080, inode: "4711", uid: 1000 }]);
});
