import { expect, test } from "vitest";
import type { ImageExecutionConfig } from "../../../src/oci/image.ts";
import { applyChange, applyInstruction } from "../../../src/oci/image-change.ts";

function changed(...changes: string[]): ImageExecutionConfig {
  const config = {};
  for (const change of changes) applyChange(config, change);
  return config;
}

test.each<[string[], object]>([
  [["CMD /bin/sh -l"], { Cmd: ["/bin/sh", "-c", "/bin/sh -l"] }],
  [['CMD ["/bin/sh", "-l"]'], { Cmd: ["/bin/sh", "-l"] }],
  [["CMD=/bin/sh"], { Cmd: ["/bin/sh", "-c", "/bin/sh"] }],
  [['entrypoint ["/x"]'], { Entrypoint: ["/x"] }],
  // As Podman: all that follows is the value.
  [['ENV A="two words"', 'ENV B="x" C=3'], { Env: ["A=two words", 'B="x" C=3'] }],
  [["LABEL a=some words"], { Labels: { a: "some words" } }],
  [["ENV A the rest"], { Env: ["A=the rest"] }],
  [["ENV A=1", "ENV A=2"], { Env: ["A=2"] }],
  [["LABEL a=b", "LABEL c=d=e"], { Labels: { a: "b", c: "d=e" } }],
  [["EXPOSE 80 53/udp"], { ExposedPorts: { "80/tcp": {}, "53/udp": {} } }],
  [["VOLUME /a /b"], { Volumes: { "/a": {}, "/b": {} } }],
  [['VOLUME ["/a b"]'], { Volumes: { "/a b": {} } }],
  [
    ["USER 1000:1000", "WORKDIR /x", "STOPSIGNAL SIGINT"],
    { User: "1000:1000", WorkingDir: "/x", StopSignal: "SIGINT" },
  ],
  [["ONBUILD RUN x"], { OnBuild: ["RUN x"] }],
])("%j", (changes, config) => {
  expect(changed(...changes)).toEqual(config);
});

test.each(["CMD", "RUN x", "COPY a b", "EXPOSE http", "LABEL =x", "", "="])("%j is refused", (change) => {
  expect(() => changed(change)).toThrow(/invalid change/);
});

test.each<[string, object]>([
  ["ENV A=b C=\"d e\" F='g=h'", { Env: ["A=b", "C=d e", "F=g=h"] }],
  ["LABEL=a=b c=d", { Labels: { a: "b", c: "d" } }],
  ["ENV A b=c d", { Env: ["A=b=c d"] }],
  ["LABEL a=some words", { Labels: { a: "some words" } }],
  ["USER a=b c=d", { User: "a=b c=d" }],
])("commit: %s", (change, expected) => {
  const config = {};
  applyInstruction(config, change);
  expect(config).toEqual(expected);
});

test("commit: what is no instruction is refused in Podman's words", () => {
  expect(() => applyInstruction({}, "BOGUS=foo")).toThrow(
    'applying changes: processing change "BOGUS foo": did not understand change instruction "BOGUS foo"',
  );
  expect(() => applyInstruction({}, "CMD")).toThrow(/invalid change/);
});
