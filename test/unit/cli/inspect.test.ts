import { describe, expect, it } from "vitest";
import { infoFields } from "../../../src/cli/info.ts";
import { inspectText } from "../../../src/cli/inspect.ts";
import { formatOne } from "../../../src/cli/report.ts";

const container = {
  Id: "abc",
  Created: "2026-01-02T03:04:05.5Z",
  Image: "def",
  State: { StartedAt: "2026-01-02T03:04:06Z", Pid: 1 },
  Config: { Labels: { Key: "v" } },
  Mounts: [{ Source: "/a", Destination: "/b", Name: undefined }],
  HostConfig: { Init: undefined },
  NetworkSettings: { Ports: { "80/tcp": [{ HostPort: "8080" }] } },
};

const shown = (format: string | undefined, objects: object[] = [container]) => inspectText(objects, format);

describe("inspect", () => {
  it.each([
    ["{{.Id}} {{.ID}} {{ .Id | upper }}", "abc abc ABC\n"],
    ["{{.Created}}", "2026-01-02 03:04:05.5 +0000 UTC\n"],
    ["{{json .Created}}", '"2026-01-02T03:04:05.5Z"\n'],
    ["{{.State.StartedAt.Unix}}", "1767323046\n"],
    ["{{.ImageID}}", "def\n"],
    ["{{range .Mounts}}{{.Src}}:{{.Dst}}{{end}}", "/a:/b\n"],
    ["{{(index .Mounts 0).Name}}.{{.HostConfig.Init}}", ".false\n"],
    ["{{.Config.Labels}} {{.Config.Labels.none}}", "map[Key:v] <no value>\n"],
    ['{{index .Config.Labels "none"}}|', "|\n"],
    ['{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}', "8080\n"],
    ["{{range $p, $c := .NetworkSettings.Ports}}{{$p}}={{(index $c 0).HostPort}}{{end}}", "80/tcp=8080\n"],
  ])("%s", (format, expected) => {
    expect(shown(format)).toBe(expected);
  });

  it("prints a map that was never made as an empty one, and as null in JSON", () => {
    const bare = { Config: { Labels: null } };
    expect(shown('{{.Config.Labels}} {{json .Config.Labels}} {{index .Config.Labels "x"}}|', [bare])).toBe(
      "map[] null |\n",
    );
  });

  it("prints a list as JSON, also an empty one", () => {
    expect(JSON.parse(shown("json"))).toEqual([container]);
    expect(shown(undefined, [])).toBe("[]\n");
  });
});

describe("inspect of an image", () => {
  const image = {
    Id: "abc",
    Created: "2026-01-02T03:04:05Z",
    Config: { Env: ["A=b"], Volumes: { "/data": {} } },
    RootFS: { Type: "layers", Layers: ["sha256:1"] },
    Labels: null,
    History: [{ created_by: "x", empty_layer: true }],
    NamesHistory: [],
  };

  it.each([
    ["{{.Id}} {{.Created}}", "abc 2026-01-02 03:04:05 +0000 UTC\n"],
    ["{{.Config.Volumes}} {{.Config.ExposedPorts}}", "map[/data:{}] map[]\n"],
    ["{{json .Config}}", '{"Env":["A=b"],"Volumes":{"/data":{}}}\n'],
    ["{{.Config.User}}|{{.Config.Cmd}}|{{len .Config.Entrypoint}}", "|[]|0\n"],
    ["{{.Config.Labels.none}}|{{.Labels}}", "<no value>|map[]\n"],
    ["{{range .History}}{{.CreatedBy}} {{.EmptyLayer}}{{end}}", "x true\n"],
    ["{{json .History}}", '[{"created_by":"x","empty_layer":true}]\n'],
    ["{{if .HealthCheck}}yes{{else}}no{{end}}", "no\n"],
  ])("%s", (format, expected) => {
    expect(shown(format, [image])).toBe(expected);
  });

  it("says which type lacks a field, counted from the loop around the template", () => {
    expect(() => shown("{{.Nosuch}}", [image])).toThrow(
      'template: inspect:1:13: executing "inspect" at <.Nosuch>: can\'t evaluate field Nosuch in type interface {}',
    );
  });
});

describe("inspect of a network", () => {
  const network = {
    name: "n",
    network_interface: "podman1",
    created: "2026-01-02T03:04:05Z",
    subnets: [{ subnet: "10.89.0.0/24", gateway: "10.89.0.1" }],
    containers: {},
  };

  it.each([
    ["{{json .Subnets}}", '[{"subnet":"10.89.0.0/24","gateway":"10.89.0.1"}]\n'],
    [
      "{{.Subnets}} {{(index .Subnets 0).Subnet}}",
      "[{{{10.89.0.0 ffffff00}} 10.89.0.1 <nil>}] 10.89.0.0/24\n",
    ],
    ["{{range .Subnets}}{{.Gateway}} {{.LeaseRange}}{{end}} {{.Containers}}", "10.89.0.1 <nil> map[]\n"],
    ["{{.NetworkInterface}} {{.Labels}}", "podman1 map[]\n"],
  ])("%s", (format, expected) => {
    expect(shown(format, [network])).toBe(expected);
  });
});

describe("info", () => {
  const info = {
    host: { cpus: 2, cgroupVersion: "v2", security: { rootless: true }, ociRuntime: { name: "x" } },
    store: { graphRoot: "/s", graphOptions: {} },
    version: { Version: "1" },
  };

  it.each([
    ["{{.Host.CPUs}} {{.Host.CgroupsVersion}}", "2 v2\n"],
    ["{{.Host.Security.Rootless}} {{.Host.OCIRuntime.Name}}", "true x\n"],
    ["{{.Store.GraphRoot}} {{.Store.GraphOptions}} {{.Version.Version}}", "/s map[] 1\n"],
  ])("%s", (format, expected) => {
    expect(formatOne("info", format, infoFields(info))).toBe(expected);
  });

  it("shows parts as JSON by their keys, not by Go's names", () => {
    const format = "{{json .Host.Security}} {{json .Store}} {{.Plugins.Authorization}}";
    expect(formatOne("info", format, infoFields(info))).toBe(
      '{"rootless":true} {"graphOptions":{},"graphRoot":"/s"} []\n',
    );
    expect(() => formatOne("info", "{{.Host.Nope}}", infoFields(info))).toThrow(
      "can't evaluate field Nope in type *define.HostInfo",
    );
  });
});
