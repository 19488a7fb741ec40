/** From `run -d -p` to the first byte that the container answers over its published port. */
import { createConnection } from "node:net";
import type { Bench, Case, Engine } from "./bench.ts";

const PORT = 28480;
const SERVE = "echo hi >/tmp/index.html; exec httpd -f -p 80 -h /tmp";

/** Whether a byte came. */
function answered(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(PORT, "127.0.0.1", () => socket.write("GET / HTTP/1.0\r\n\r\n"));
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("data", () => end(true));
    socket.once("end", () => end(false));
    socket.once("error", () => end(false));
  });
}

export function networkCases({ call, once }: Bench): Case[] {
  const firstByte = async (engine: Engine, network: string, image: string) => {
    const flags = ["-d", "--name", "first", "--network", network, "-p", `127.0.0.1:${PORT}:80`];
    const started = once(engine, ["run", ...flags, image, "sh", "-c", SERVE]);
    const since = process.hrtime.bigint();
    while (!(await answered())) await new Promise((resolve) => setTimeout(resolve, 1));
    const took = started + Number(process.hrtime.bigint() - since) / 1e6;
    call(engine, ["rm", "-f", "-t", "0", "first"]);
    return took;
  };
  return ["slirp4netns", "bridge"].map((network) => ({
    name: `first byte of run -d -p, ${network}`,
    target: 0.5,
    rounds: 9,
    measure: (engine: Engine) => firstByte(engine, network, "localhost/bb"),
  }));
}
