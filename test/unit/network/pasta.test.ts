import { expect, test } from "vitest";
import { pastaAddress, pastaArguments, pastaResolver } from "../../../src/network/pasta.ts";

const text = (...input: Parameters<typeof pastaArguments>) => pastaArguments(...input).join(" ");

test("nothing is forwarded but what is published", () => {
  expect(text([], [])).toBe(
    "--config-net --dns-forward 169.254.1.1 -t none -u none -T none -U none --no-map-gw --quiet",
  );
  const ports = [
    { hostIp: "127.0.0.1", hostPort: 8080, containerPort: 80, protocol: "tcp" as const },
    { hostIp: "", hostPort: 53, containerPort: 53, protocol: "udp" as const },
  ];
  expect(text([], ports)).toContain(
    "-t 127.0.0.1/8080:80 -u 53:53 --dns-forward 169.254.1.1 -T none -U none",
  );
  expect(() => pastaArguments([], [{ ...(ports[0] as (typeof ports)[0]), protocol: "sctp" }])).toThrow(
    "sctp",
  );
});

test("options are passed through, and take the place of ours", () => {
  expect(text(["--map-gw", "-T", "5000", "--dns-forward", "10.0.0.1", "-d"], [])).toBe(
    "--config-net -T 5000 --dns-forward 10.0.0.1 -d -t none -u none -U none",
  );
  expect(pastaResolver(["--dns-forward=10.0.0.1"])).toBe("10.0.0.1");
  expect(pastaResolver([])).toBe("169.254.1.1");
  expect(pastaAddress(["-m", "1500", "-a", "10.0.0.9"])).toBe("10.0.0.9");
  expect(pastaAddress([])).toBeUndefined();
});
