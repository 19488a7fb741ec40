import { describe, expect, test } from "vitest";
import { parsePolicy, pathSource, registrySource, requirementsFor } from "../../../src/oci/policy.ts";
import { completeReference, parseReference } from "../../../src/oci/reference.ts";

const accept = [{ type: "insecureAcceptAnything" }];
const reject = [{ type: "reject" }];

test.each<[unknown, string]>([
  [{}, "Default policy is missing"],
  [{ default: [] }, "List of verification policy requirements must not be empty"],
  [{ default: [{ type: "maybe" }] }, 'Unknown policy requirement type "maybe"'],
  [{ default: [{ type: "toString" }] }, "Unknown policy requirement type"],
  [{ default: [{}] }, 'Unknown policy requirement type ""'],
  [{ default: [{ type: "signedBy" }] }, "keyPaths and keyData must be specified, none of them present"],
  [{ default: [{ type: "signedBy", keyType: "x", keyPath: "/k" }] }, 'Unrecognized keyType value "x"'],
  [{ default: [{ type: "reject", unless: 1 }] }, 'Unknown key "unless"'],
  [{ default: accept, transport: {} }, 'Unknown key "transport"'],
  [{ default: accept, transports: { docker: [] } }, "docker is not an object"],
  [{ default: accept, transports: { docker: { x: {} } } }, "not an array"],
])("wrong: %j", (policy, reason) => {
  expect(() => parsePolicy(JSON.stringify(policy))).toThrow(reason);
});

describe("the narrowest scope counts", () => {
  const name = (text: string) => registrySource(completeReference(parseReference(text)));
  const decide = (scopes: Record<string, object[]>, source = name("r.example.org:5000/a/b:1")) => {
    const policy = parsePolicy(
      JSON.stringify({ default: accept, transports: { [source.transport]: scopes } }),
    );
    return requirementsFor(policy, source)[0]?.type;
  };

  test.each([
    ["r.example.org:5000/a/b:1", "reject"],
    ["r.example.org:5000/a/b", "reject"],
    ["r.example.org:5000/a", "reject"],
    ["r.example.org:5000", "reject"],
    ["*.example.org", "reject"],
    ["*.org", "reject"],
    ["", "reject"],
    ["r.example.org:5000/a/b:2", "insecureAcceptAnything"],
    ["r.example.org:5000/a/bc", "insecureAcceptAnything"],
    ["r.example.org", "insecureAcceptAnything"],
    ["example.org", "insecureAcceptAnything"],
  ])("docker: %s", (scope, type) => {
    expect(decide({ [scope]: reject })).toBe(type);
  });

  test("over wider ones", () => {
    expect(decide({ "r.example.org:5000/a": accept, "": reject, "*.example.org": reject })).toBe(
      accept[0]?.type,
    );
  });

  test("paths, and what they are in", () => {
    const archive = pathSource("oci-archive", "/srv/images/x.tar", "bb:1");
    expect(archive.name).toBe("oci-archive:/srv/images/x.tar:bb:1");
    for (const scope of ["/srv/images/x.tar:bb:1", "/srv/images/x.tar", "/srv/images", "/srv", ""])
      expect(decide({ [scope]: reject }, archive)).toBe("reject");
    expect(decide({ "/srv/image": reject }, archive)).toBe(accept[0]?.type);
    const docker = pathSource("docker-archive", "/srv/x.tar", "bb:1");
    expect(decide({ "/srv": reject }, docker)).toBe(accept[0]?.type);
    expect(decide({ "": reject }, docker)).toBe("reject");
  });
});
