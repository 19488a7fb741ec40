import { describe, expect, test } from "vitest";
import { checkDetachKeys } from "../../../src/oci/detach-keys.ts";
import { isForPrivileged, parseDevice } from "../../../src/oci/devices.ts";
import { parseAddHost, parseDns, parseDnsSearch } from "../../../src/oci/hosts.ts";
import { isIPv4, isIPv6 } from "../../../src/oci/ip-address.ts";
import { parseLogConfig } from "../../../src/oci/log-options.ts";
import { checkName, randomId, randomName } from "../../../src/oci/names.ts";
import { parseSecurityOptions } from "../../../src/oci/security-opt.ts";

describe("--security-opt", () => {
  test("all that there are", () => {
    const values = [
      "no-new-privileges",
      "seccomp=/p.json",
      "apparmor=unconfined",
      "label=disable",
      "label:type:x",
      "mask=/a:/b",
      "unmask=/proc/*:/sys/firmware",
      "unmask=all",
      "proc-opts=hidepid=2,nosuid",
    ];
    expect(parseSecurityOptions(values)).toEqual({
      noNewPrivileges: true,
      seccomp: "/p.json",
      apparmor: "unconfined",
      label: ["disable", "type:x"],
      mask: ["/a", "/b"],
      unmask: ["/proc/*", "/sys/firmware", "ALL"],
      procOpts: ["hidepid=2", "nosuid"],
    });
  });

  test("Docker's spellings", () => {
    expect(parseSecurityOptions(["no-new-privileges:true"]).noNewPrivileges).toBe(true);
    expect(parseSecurityOptions(["no-new-privileges=false"]).noNewPrivileges).toBe(false);
    expect(parseSecurityOptions(["seccomp:unconfined"]).seccomp).toBe("unconfined");
    expect(parseSecurityOptions(["systempaths=unconfined"]).unmask).toEqual(["ALL"]);
  });

  test.each([
    ["foo", 'invalid --security-opt 1: "foo"'],
    ["a=b", 'invalid --security-opt 2: "a=b"'],
    ["no-new-privileges=x", 'invalid --security-opt 2: "no-new-privileges=x"'],
    ["systempaths=x", 'invalid systempaths option "x", only `unconfined` is supported'],
    ["mask=proc", '"proc" is not an absolute path'],
  ])("%s is refused", (text, message) => {
    expect(() => parseSecurityOptions([text])).toThrow(message);
  });
});

describe("--device", () => {
  test.each([
    ["/dev/fuse", "/dev/fuse", "/dev/fuse", "rwm"],
    ["/dev/fuse:/dev/x", "/dev/fuse", "/dev/x", "rwm"],
    ["/dev/fuse:/dev/x:r", "/dev/fuse", "/dev/x", "r"],
    ["/dev/fuse:rw", "/dev/fuse", "/dev/fuse", "rw"],
    ["/dev/fuse:r:w", "/dev/fuse", "/dev/fuse", "r"],
  ])("%s", (text, hostPath, containerPath, permissions) => {
    expect(parseDevice(text)).toEqual({ hostPath, containerPath, permissions });
  });

  test.each([
    ["/a:/b:r:w", "invalid device specification: /a:/b:r:w"],
    ["/dev/null:rwx", "invalid device mode: rwx"],
    ["/dev/null:rr", "invalid device mode: rr"],
    ["/dev/null::rwm", "invalid device mode: "],
    ["/dev/null:/x:", "invalid device mode: "],
  ])("%s is refused", (text, message) => {
    expect(() => parseDevice(text)).toThrow(message);
  });
});

test.each([
  ["/dev/null", false, false],
  ["/dev/pts/0", false, false],
  ["/dev/tty0", false, true],
  ["/dev/tty63", false, true],
  ["/dev/ttyS0", true, true],
  ["/dev/input/tty1", true, true],
  ["/dev/kvm", true, true],
])("--privileged: %s without consoles %s, with them %s", (file, without, withThem) => {
  expect(isForPrivileged(file, { consoles: false })).toBe(without);
  expect(isForPrivileged(file, { consoles: true })).toBe(withThem);
});

describe("--log-driver and --log-opt", () => {
  test("options that mean something", () => {
    const options = ["max-size=10m", "tag=x=y", "path=/l", "max-file=3", "labels=a"];
    expect(parseLogConfig("json-file", options)).toEqual({
      driver: "json-file",
      maxSize: 10_000_000,
      path: "/l",
      tag: "x=y",
      maxFile: 3,
    });
    expect(parseLogConfig("", []).driver).toBe("k8s-file");
    expect(parseLogConfig("journald", []).driver).toBe("journald");
    expect(parseLogConfig("", ["max-size=-1"]).maxSize).toBe(0);
  });

  test.each([
    ["foo", [], "running container create option: invalid log driver: invalid argument"],
    ["", ["foo"], 'invalid log option "foo"'],
    ["", ["max-size=x"], "invalid size: 'x'"],
    ["", ["max-file=0"], 'invalid log option "max-file=0"'],
  ])("%s %j is refused", (driver, options, message) => {
    expect(() => parseLogConfig(driver, options)).toThrow(message);
  });
});

describe("addresses", () => {
  test.each(["::", "::1", "fe80::1", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4", "1::8"])("%s is IPv6", (text) => {
    expect(isIPv6(text)).toBe(true);
  });

  test.each([
    "",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "g::",
    "12345::",
    "::1.2.3",
    "1.2.3.4::",
  ])("%s is not", (text) => {
    expect(isIPv6(text)).toBe(false);
  });

  test("IPv4", () => {
    expect(["0.0.0.0", "255.1.2.3"].every(isIPv4)).toBe(true);
    expect(["256.1.1.1", "1.2.3", "01.2.3.4", "1.2.3.4 ", "a.b.c.d"].some(isIPv4)).toBe(false);
  });

  test("--add-host", () => {
    expect(parseAddHost("a;b:1.2.3.4")).toEqual({ names: ["a", "b"], ip: "1.2.3.4" });
    expect(parseAddHost("a:::1")).toEqual({ names: ["a"], ip: "::1" });
    expect(parseAddHost("a b:1.2.3.4").names).toEqual(["a b"]);
    expect(parseAddHost("h:host-gateway").ip).toBe("host-gateway");
    expect(() => parseAddHost("foo")).toThrow('bad format for add-host: "foo"');
    expect(() => parseAddHost("a;:1.2.3.4")).toThrow('hostname in add-host "a;:1.2.3.4" is empty');
    expect(() => parseAddHost("a:[::1]")).toThrow('invalid IP address in add-host: "[::1]"');
    expect(() => parseAddHost("a:b")).toThrow('invalid IP address in add-host: "b"');
  });

  test("--dns-search", () => {
    expect(parseDnsSearch(["a.example.com", "b-c.d."])).toHaveLength(2);
    expect(parseDnsSearch(["."])).toEqual(["."]);
    expect(() => parseDnsSearch(["a_b"])).toThrow("a_b is not a valid domain");
    expect(() => parseDnsSearch(["1.2"])).toThrow("1.2 is not a valid domain");
    expect(() => parseDnsSearch([".", "a.b"])).toThrow(
      "cannot pass additional search domains when also specifying '.'",
    );
  });

  test("--dns", () => {
    expect(parseDns(["1.1.1.1", "fe80::1%eth0"])).toHaveLength(2);
    expect(parseDns(["none"])).toEqual(["none"]);
    expect(() => parseDns(["foo"])).toThrow("foo is not an ip address");
    expect(() => parseDns(["none", "1.1.1.1"])).toThrow(
      "none is not allowed to be specified with other DNS ip addresses",
    );
  });
});

describe("detach keys", () => {
  test.each(["", "x", "ctrl-p,ctrl-q", "ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_,DEL"])(
    "%s are some",
    (keys) => {
      expect(() => checkDetachKeys(keys)).not.toThrow();
    },
  );

  test.each([
    ["nonsense", "nonsense"],
    ["ctrl-pp", "ctrl-pp"],
    ["ctrl-A", "ctrl-A"],
    ["a,", ""],
    ["a,é", "é"],
  ])("%s are none", (keys, unknown) => {
    expect(() => checkDetachKeys(keys)).toThrow(`invalid detach keys: Unknown character: '${unknown}'`);
  });

  test("there are at most 32", () => {
    expect(() => checkDetachKeys(Array(32).fill("a").join())).not.toThrow();
    expect(() => checkDetachKeys(Array(33).fill("a").join())).toThrow("more than 32");
  });
});

describe("names", () => {
  test.each(["a", "A-b_c.d", "0x"])("%s is one", (name) => {
    expect(checkName(name)).toBe(name);
  });

  test.each(["", "_a", "-a", ".", "..", "a/b", "a b", "a\n", "ä"])("%j is none", (name) => {
    expect(() => checkName(name)).toThrow(
      expect.objectContaining({
        message: "names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument",
        hint: `${JSON.stringify(name)} does not`,
      }),
    );
  });

  test("one that is no file name is none", () => {
    expect(checkName("a".repeat(255))).toBe("a".repeat(255));
    expect(() => checkName("a".repeat(256))).toThrow("names have at most 255 characters");
  });

  test("chosen ones are valid and differ", () => {
    const names = Array.from({ length: 200 }, randomName);
    for (const name of names) expect(checkName(name)).toMatch(/^[a-z]+_[a-z]+$/);
    expect(new Set(names).size).toBeGreaterThan(150);
    expect(randomId()).toMatch(/^[0-9a-f]{64}$/);
  });
});
