import { expect, test } from "vitest";
import { parseSignal, signalName, signalNames } from "../../../src/oci/signals.ts";

test.each([
  ["SIGTERM", 15],
  ["TERM", 15],
  ["term", 15],
  ["sigKill", 9],
  ["15", 15],
  ["64", 64],
  ["SIGIOT", 6],
  ["CLD", 17],
  ["SIGRTMIN", 34],
  ["RTMIN+3", 37],
  ["SIGRTMIN+15", 49],
  ["RTMAX-1", 63],
  ["rtmax", 64],
])("%s is signal %i", (text, number) => {
  expect(parseSignal(text)).toBe(number);
});

test.each([
  ["foo", "invalid signal: foo"],
  ["", "invalid signal: "],
  ["0", "invalid signal: 0"],
  ["15x", "invalid signal: 15x"],
  ["65", "valid signals are 1 through 64"],
  ["RTMIN-1", "invalid signal: RTMIN-1"],
  ["RTMIN+31", "invalid signal: RTMIN+31"],
  ["RTMAX+1", "invalid signal: RTMAX+1"],
])("%s is refused as Podman does", (text, message) => {
  expect(() => parseSignal(text)).toThrow(message);
});

test("a dash may stand before it, as kill(1) wants it", () => {
  expect(["-15", "-HUP", "-SIGRTMAX"].map(parseSignal)).toEqual([15, 1, 64]);
});

test("every number has a name that leads back to it", () => {
  for (let number = 1; number <= 64; number++) expect(parseSignal(signalName(number))).toBe(number);
  expect(signalName(9)).toBe("SIGKILL");
  expect(signalName(37)).toBe("SIGRTMIN+3");
  expect(signalName(32)).toBe("32");
  expect(signalNames()).toHaveLength(62);
  expect(signalNames()).toEqual(
    expect.arrayContaining(["SIGHUP", "SIGRTMIN", "SIGRTMIN+15", "SIGRTMAX-14", "SIGRTMAX"]),
  );
});
