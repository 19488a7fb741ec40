import { describe, expect, test } from "vitest";
import { parseExposed, parsePorts, publishExposed } from "../../../src/oci/ports.ts";

const map = (hostIp: string, hostPort: number, containerPort: number, protocol = "tcp") => ({
  hostIp,
  hostPort,
  containerPort,
  protocol,
});

describe("-p", () => {
  test.each([
    ["80", [map("", 0, 80)]],
    [":80", [map("", 0, 80)]],
    ["8080:80", [map("", 8080, 80)]],
    ["8080:80/TCP", [map("", 8080, 80)]],
    ["8080:80/udp", [map("", 8080, 80, "udp")]],
    ["127.0.0.1:8080:80", [map("127.0.0.1", 8080, 80)]],
    ["127.0.0.1::80", [map("127.0.0.1", 0, 80)]],
    ["[::1]:8080:80", [map("::1", 8080, 80)]],
    ["[::1]::80", [map("::1", 0, 80)]],
    ["8080-8081:80-81", [map("", 8080, 80), map("", 8081, 81)]],
    ["80-81", [map("", 0, 80), map("", 0, 81)]],
    ["53:53/tcp,udp", [map("", 53, 53), map("", 53, 53, "udp")]],
  ])("%s", (text, mappings) => {
    expect(parsePorts([text])).toEqual(mappings);
  });

  test.each([
    ["a:b", 'parsing container port: invalid port number: strconv.Atoi: parsing "b": invalid syntax'],
    ["70000:80", "parsing host port: port numbers must be between 1 and 65535 (inclusive), got 70000"],
    ["0:80", "parsing host port: port numbers must be between 1 and 65535 (inclusive), got 0"],
    ["80:0", "parsing container port: port numbers must be between 1 and 65535 (inclusive), got 0"],
    ["::80", "must provide a non-empty container host IP to publish"],
    ["80:80/", "must provide a non-empty protocol to publish"],
    ["80:80/foo", 'unrecognized protocol "foo" in port mapping'],
    ["1-3:1-2", "host and container port ranges have different lengths: 3 vs 2"],
    ["8080-8081:80", "host and container port ranges have different lengths: 2 vs 1"],
    [
      "3-1:80",
      "parsing host port: the end port of a range must be higher than the start port - 1 is not higher than 3",
    ],
    ["1.2.3.4.5:80:80", 'cannot parse "1.2.3.4.5" as an IP address'],
    ["localhost:80:80", 'cannot parse "localhost" as an IP address'],
    ["80:80:80:80", "invalid port format - format is [[hostIP:]hostPort:]containerPort"],
    ["::1:80:80", "invalid port format - format is [[hostIP:]hostPort:]containerPort"],
    ["[::1]:80", "invalid port format - must provide host and destination port if specifying an IP"],
    ["", 'parsing container port: invalid port number: strconv.Atoi: parsing "": invalid syntax'],
    ["80-:80", 'parsing host port: invalid port number: strconv.Atoi: parsing "": invalid syntax'],
  ])("%s is refused", (text, message) => {
    expect(() => parsePorts([text])).toThrow(message);
  });

  test("one host port can't lead to two ports of the container", () => {
    expect(() => parsePorts(["80:80", "80:81"])).toThrow(
      "conflicting port mappings for host port 80 (protocol tcp)",
    );
    expect(parsePorts(["80:80", "80:80", "80:81/udp", "127.0.0.1:80:82"])).toHaveLength(3);
    expect(parsePorts(["80", "81"])).toHaveLength(2);
  });
});

describe("--expose", () => {
  test("ranges and protocols", () => {
    expect(parseExposed(["80", "80/tcp", "8000-8002/udp"])).toEqual([
      "80/tcp",
      "8000/udp",
      "8001/udp",
      "8002/udp",
    ]);
  });

  test.each([
    ["a", 'strconv.ParseUint: parsing "a": invalid syntax'],
    ["80-", 'strconv.ParseUint: parsing "": invalid syntax'],
    ["70000", 'strconv.ParseUint: parsing "70000": value out of range'],
    ["3-1", "Invalid range specified for the Port: 3-1"],
  ])("%s is refused", (text, reason) => {
    expect(() => parseExposed([text])).toThrow(`invalid range format for --expose: ${text}: ${reason}`);
  });

  test("0 is no port", () => {
    expect(() => parseExposed(["0"])).toThrow("port numbers must be between 1 and 65535 (inclusive), got 0");
  });

  test("-P publishes what isn't published yet", () => {
    const published = parsePorts(["8080:80"]);
    expect(publishExposed(["80/tcp", "80/udp"], published)).toEqual([map("", 0, 80, "udp")]);
  });
});
