import { describe, expect, test } from "vitest";
import { convertUnit } from "../../../src/oci/quadlet/convert.ts";
import { installLinks } from "../../../src/oci/quadlet/install.ts";
import { dropInDirectories } from "../../../src/oci/quadlet/names.ts";
import { unitTable } from "../../../src/oci/quadlet/references.ts";
import { splitQuadlets } from "../../../src/oci/quadlet/several.ts";
import { UnitFile } from "../../../src/oci/quadlet/unit-file.ts";
import { joinWords, splitWords } from "../../../src/oci/quadlet/words.ts";

/** The services of some files, given by name; the first file's is what is looked at. */
function convert(files: Record<string, string>): UnitFile {
  const units = Object.entries(files).map(([name, text]) => UnitFile.parse(text, `/q/${name}`));
  const table = unitTable(units);
  const exists = (path: string) => path === "/dev/there";
  return convertUnit(units[0] as UnitFile, { program: "/bin/coracle", table, exists });
}

const container = (lines: string, more: Record<string, string> = {}, name = "web.container") =>
  convert({ [name]: `[Container]\nImage=localhost/bb\n${lines}`, ...more });

/** What is run, without what every container has. */
function flagsOf(service: UnitFile): string {
  return (service.get("Service", "ExecStart") ?? "")
    .replace("/bin/coracle run --name systemd-%N --replace --rm --cgroups=split ", "")
    .replace("--sdnotify=conmon -d ", "");
}

describe("words", () => {
  test.for([
    ["a b  c", ["a", "b", "c"]],
    [`"a b" 'c d'e`, ["a b", "c de"]],
    [String.raw`a\x20b "\"" \\ \t\101\u00e4`, ["a b", '"', "\\", "\tAä"]],
    [`"" end`, ["", "end"]],
    ["", []],
  ] as const)("%s", ([text, words]) => {
    expect(splitWords(text, { escapes: true })).toEqual(words);
  });

  test("are put together so that systemd takes them apart again", () => {
    const words = ["plain", "a b", 'q"', "back\\slash", "", ";", "line\nbreak", "$VAR", "%n", "\x01"];
    expect(joinWords(words)).toBe(
      String.raw`plain "a b" "q\"" "back\\slash" "" ";" "line\nbreak" $VAR %n "\x01"`,
    );
    expect(splitWords(joinWords(words), { escapes: true })).toEqual(words);
  });
});

describe("a unit file", () => {
  test("joins lines also where blanks follow the backslash", () => {
    expect(UnitFile.parse("[A]\nX=1 \\ \n 2\n", "/q/a.container").get("A", "X")).toBe("1 2");
  });

  test("joins lines with nothing between them, over comments too, and passes over the rest", () => {
    const unit = UnitFile.parse("# c\n[A]\nX=1,\\\n# no\n\n  2\n;c\n\nY = z \n", "/q/a.container");
    expect(unit.get("A", "X")).toBe("1,2");
    expect(unit.get("A", "Y")).toBe("z");
  });

  test("an empty value takes back what came before", () => {
    const unit = UnitFile.parse("[A]\nX=1\nX=\nX=2\nX=3\nY=1\nY=\n", "/q/a.container");
    expect(unit.all("A", "X")).toEqual(["2", "3"]);
    expect(unit.get("A", "Y")).toBeUndefined();
  });

  test("says in which line it is broken", () => {
    expect(() => UnitFile.parse("[A]\n\nnonsense\n", "/q/a.container")).toThrow(
      "file contains line 3: “nonsense” which is not a key-value pair, group, or comment",
    );
    expect(() => UnitFile.parse("X=1\n", "/q/a.container")).toThrow("key file does not start with a group");
  });
});

test("a container", () => {
  const service = convert({
    "web.container":
      "[Unit]\nDescription=Web\n[Container]\nImage=localhost/bb\nExec=httpd -f\n[Service]\nRestart=always\n[Install]\nWantedBy=default.target\n",
  });
  expect(service.name).toBe("web.service");
  expect(`${service}`).toBe(`[Unit]
Wants=coracle-user-wait-network-online.service
After=coracle-user-wait-network-online.service
Description=Web
SourcePath=/q/web.container
RequiresMountsFor=%t/containers

[X-Container]
Image=localhost/bb
Exec=httpd -f

[Service]
Restart=always
KillMode=mixed
Environment=PODMAN_SYSTEMD_UNIT=%n
Delegate=yes
ExecStop=/bin/coracle rm -v -f -i systemd-%N
ExecStopPost=-/bin/coracle rm -v -f -i systemd-%N
Type=notify
NotifyAccess=all
ExecStart=/bin/coracle run --name systemd-%N --replace --rm --cgroups=split --sdnotify=conmon -d localhost/bb httpd -f
SyslogIdentifier=%N

[Install]
WantedBy=default.target
`);
});

describe("keys of containers", () => {
  test.for([
    ["PublishPort=8080:80\nPublishPort=127.0.0.1::53/udp", "--publish 8080:80 --publish 127.0.0.1::53/udp"],
    ['Environment=B=2 "A=x y"\nEnvironment=B=3', '--env "A=x y" --env B=3'],
    [
      "EnvironmentFile=env\nEnvironmentFile=%h/env\nEnvironmentFile=../a/./b",
      "--env-file /q/env --env-file %h/env --env-file /a/b",
    ],
    [
      'Label=a=b "c=d e"\nAutoUpdate=registry',
      '--label io.containers.autoupdate=registry --label a=b --label "c=d e"',
    ],
    [
      "AddCapability=CAP_NET_ADMIN CAP_KILL\nDropCapability=all",
      "--cap-drop all --cap-add cap_net_admin --cap-add cap_kill",
    ],
    [
      "AddDevice=-/dev/there\nAddDevice=-/dev/absent:/dev/x\nAddDevice=/dev/absent",
      "--device /dev/there --device /dev/absent",
    ],
    ["ReadOnly=yes\nReadOnlyTmpfs=no\nRunInit=true", "--init --read-only-tmpfs=false --read-only"],
    [
      "NoNewPrivileges=1\nSeccompProfile=unconfined\nUnmask=ALL",
      "--security-opt=no-new-privileges --security-opt seccomp=unconfined --security-opt unmask=ALL",
    ],
    ["User=1000\nGroup=10", "--user 1000:10"],
    ["UserNS=keep-id:uid=200,gid=210", "--userns keep-id:uid=200,gid=210"],
    ["RemapUsers=auto\nRemapUid=0:1:2", "--userns auto:uidmapping=0:1:2"],
    [
      "Volume=/data:/data:Z\nVolume=./here:/h\nVolume=/anonymous",
      "-v /data:/data:Z -v /q/here:/h -v /anonymous",
    ],
    [
      "HealthCmd=wget -q localhost\nHealthStartPeriod=1m\nHealthStartupMaxRetries=",
      "unsupported key 'HealthStartupMaxRetries' in group 'Container' in /q/web.container:5",
    ],
    [
      "HealthCmd=wget -q localhost\nHealthOnFailure=kill",
      '--health-cmd "wget -q localhost" --health-on-failure kill',
    ],
    ["Mount=type=tmpfs,dst=/t", "--mount type=tmpfs,dst=/t"],
    [
      String.raw`Mount=src=./a,\"dst=/b,c\",type=bind`,
      String.raw`--mount "type=bind,source=/q/a,\"dst=/b,c\""`,
    ],
    [String.raw`Sysctl=a\b`, String.raw`--sysctl "a\\b"`],
    ["LogDriver=none\nLogOpt=tag=x", "--log-driver none --log-opt tag=x"],
    [
      "Memory=20m\nPidsLimit=5\nUlimit=nofile=10:20\nSysctl=a=1 b=2",
      "--pids-limit 5 --memory 20m --ulimit nofile=10:20 --sysctl a=1 --sysctl b=2",
    ],
    ['PodmanArgs=--cpus 2 "--env=A=b c"', '--cpus 2 "--env=A=b c"'],
    ['HealthCmd="a b"', '--health-cmd "a b"'],
    ['HealthCmd=sh -c "a b"', String.raw`--health-cmd "sh -c \"a b\""`],
    ["Mount=/invalid:/mount", "invalid quadlet mount format '/invalid:/mount' in /q/web.container:3"],
    ["Mount=type=image,dst=/m", "source parameter is required for mount type image in /q/web.container:3"],
    ["Volume=a.volume:/d", "requested Quadlet source a.volume was not found in /q/web.container:3"],
    ["Pod=a.pod", "key 'Pod' in group 'Container' is not supported yet in /q/web.container:3"],
    ["Group=1", "invalid Group set without User in /q/web.container:3"],
    ["ExposeHostPort=x", "invalid port format 'x' in /q/web.container:3"],
    ["Network=a.network", "requested Quadlet unit a.network was not found in /q/web.container:3"],
    ["[Service]\nKillMode=process", "invalid KillMode 'process' in /q/web.container:4"],
    ["[Service]\nType=forking", "invalid service Type 'forking' in /q/web.container:4"],
    ["[Quadlet]\nDefault=x", "unsupported key 'Default' in group 'Quadlet' in /q/web.container:4"],
  ] as const)("%s", ([lines, result]) => {
    const attempt = () => flagsOf(container(lines));
    if (result.startsWith("-")) expect(attempt()).toBe(`${result} localhost/bb`);
    else expect(attempt).toThrow(result);
  });

  test("escapes that there are not take their value with them, and are told", () => {
    const unit = UnitFile.parse(
      String.raw`[Container]
Image="localhost/bb"
Label=a=\? b=1
Label=c=2
Exec='test\.com'
[Service]
DynamicUser=yes`,
      "/q/web.container",
    );
    const table = unitTable([unit]);
    const service = convertUnit(unit, { program: "/bin/coracle", table, exists: () => true });
    expect(flagsOf(service)).toBe("--label c=2 localhost/bb");
    expect(unit.warnings).toEqual([
      "Warning: using key DynamicUser in the Service group is not supported - use at your own risk",
      String.raw`Warning: web.container: Label is passed over for its unsupported escape char \?`,
      String.raw`Warning: web.container: Exec is passed over for its unsupported escape char \.`,
    ]);
  });

  test("short names of images are told of", () => {
    const warnings = (image: string) => {
      const unit = UnitFile.parse(`[Container]\nImage=${image}\n`, "/q/a.container");
      convertUnit(unit, { program: "p", table: unitTable([unit]), exists: () => true });
      return unit.warnings;
    };
    expect(warnings("fedora")).toEqual([
      expect.stringContaining('a.container specifies the image "fedora" which not a fully qualified'),
    ]);
    expect(warnings("library/fedora")).toHaveLength(1);
    for (const image of ["quay.io/x", "host:5000/x", "localhost/x", "sha256:0", "a".repeat(64)])
      expect(warnings(image)).toEqual([]);
  });

  test("an image or a root file system, not both", () => {
    expect(() => convert({ "a.container": "[Container]\n" })).toThrow(
      "no Image or Rootfs key specified in /q/a.container",
    );
    expect(() => container("Rootfs=/r")).toThrow("keys conflict");
    expect(flagsOf(convert({ "a.container": "[Container]\nRootfs=/r\nExec=sh" }))).toBe("--rootfs /r sh");
  });

  test("who tells systemd that it is ready", () => {
    expect(flagsOf(container("Notify=healthy"))).toBe("--sdnotify=healthy -d localhost/bb");
    expect(flagsOf(container("Notify=yes"))).toBe("--sdnotify=container -d localhost/bb");
    const once = container("[Service]\nType=oneshot");
    expect(flagsOf(once)).toBe("localhost/bb");
    expect(once.all("Service", "Type")).toEqual(["oneshot"]);
  });

  test("reloading", () => {
    const reload = (lines: string) => container(lines).get("Service", "ExecReload");
    expect(reload("ReloadCmd=nginx -s reload")).toBe("/bin/coracle exec systemd-%N nginx -s reload");
    expect(reload("ReloadSignal=HUP")).toBe("/bin/coracle kill --signal HUP systemd-%N");
    expect(() => reload("ReloadSignal=HUP\nReloadCmd=x")).toThrow("mutually exclusive");
  });

  test("global flags stand in each of its commands", () => {
    const service = container("GlobalArgs=--log-level debug\nContainersConfModule=/m.conf");
    for (const key of ["ExecStart", "ExecStop", "ExecStopPost"]) {
      expect(service.get("Service", key)).toMatch(/^-?\/bin\/coracle --module=\/m\.conf --log-level debug r/);
    }
  });
});

describe("files refer to others", () => {
  const others = {
    "data.volume": "[Volume]\n",
    "front.network": "[Network]\nNetworkName=front\nServiceName=net\n",
    "base.image": "[Image]\nImage=docker-archive:/a.tar\nImageTag=localhost/base\n",
    "db.container": "[Container]\nImage=localhost/bb\n",
    "t@.container": "[Container]\nImage=localhost/bb\n",
  };
  test.for([
    ["Volume=data.volume:/d:ro", "-v systemd-data:/d:ro", "data-volume.service"],
    ["Network=front.network:ip=10.0.0.2", "--network front:ip=10.0.0.2", "net.service"],
    ["Network=db.container", "--network container:systemd-db", "db.service"],
    [
      "Mount=type=volume,src=data.volume,dst=/d",
      "--mount type=volume,source=systemd-data,dst=/d",
      "data-volume.service",
    ],
    [
      "Mount=type=image,source=base.image,dst=/d",
      "--mount type=image,source=localhost/base,dst=/d",
      "base-image.service",
    ],
  ] as const)("%s", ([line, flags, needed]) => {
    const service = container(line, others);
    expect(flagsOf(service)).toBe(`${flags} localhost/bb`);
    expect(service.all("Unit", "Requires")).toEqual([needed]);
    expect(service.all("Unit", "After")).toContain(needed);
  });

  test("an image", () => {
    const service = convert({ "a.container": "[Container]\nImage=base.image\n", ...others });
    expect(flagsOf(service)).toBe("localhost/base");
    expect(service.all("Unit", "Requires")).toEqual(["base-image.service"]);
  });

  test("not to instances whose names only systemd knows", () => {
    expect(() => container("Network=t@.container", others)).toThrow(
      "cannot get the resource name of t@.container",
    );
  });

  test("in [Unit]", () => {
    const service = container("[Unit]\nAfter=db.container a.target data.volume\n", others);
    expect(service.all("Unit", "After")).toContain("db.service a.target data-volume.service");
    expect(() => container("[Unit]\nWants=x.container\n")).toThrow(
      "unable to translate dependency for x.container in /q/web.container:4",
    );
  });
});

describe("what containers need", () => {
  const line = (name: string, text: string) => {
    const service = convert({ [name]: text });
    expect(service.get("Service", "Type")).toBe("oneshot");
    expect(service.get("Service", "RemainAfterExit")).toBe("yes");
    return `${service.name}: ${service.get("Service", "ExecStart")}`;
  };
  test.for([
    [
      "a.volume",
      "[Volume]\nLabel=x=y",
      "a-volume.service: /bin/coracle volume create --ignore --label x=y systemd-a",
    ],
    [
      "a.volume",
      "[Volume]\nDevice=/d\nType=bind\nUser=root\nUID=7",
      "a-volume.service: /bin/coracle volume create --ignore --opt device=/d --opt type=bind --opt o=uid=0 --uid 7 systemd-a",
    ],
    [
      "a.volume",
      "[Volume]\nDevice=tmpfs\nType=tmpfs\nOptions=size=1m\nUser=5\nCopy=no\nVolumeName=v",
      "a-volume.service: /bin/coracle volume create --ignore --opt nocopy --opt device=tmpfs --opt type=tmpfs --opt o=uid=5,size=1m v",
    ],
    [
      "a.volume",
      "[Volume]\nDriver=image\nImage=localhost/bb",
      "a-volume.service: /bin/coracle volume create --ignore --driver image --opt image=localhost/bb systemd-a",
    ],
    [
      "a.network",
      "[Network]\nSubnet=10.1.0.0/24\nGateway=10.1.0.1\nSubnet=10.2.0.0/24\nInternal=yes\nOptions=isolate=true",
      "a-network.service: /bin/coracle network create --ignore --internal --subnet 10.1.0.0/24 --gateway 10.1.0.1 --subnet 10.2.0.0/24 --opt isolate=true systemd-a",
    ],
    [
      "a.artifact",
      "[Artifact]\nArtifact=quay.io/a\nQuiet=yes\nRetryDelay=1s",
      "a-artifact.service: /bin/coracle artifact pull --retry-delay 1s --quiet quay.io/a",
    ],
    [
      "a.image",
      "[Image]\nImage=quay.io/a\nTLSVerify=false\nPodmanArgs=-q",
      "a-image.service: /bin/coracle image pull --tls-verify=false -q quay.io/a",
    ],
  ] as const)("%s %s", ([name, text, expected]) => {
    expect(line(name, text)).toBe(expected);
  });

  test.for([
    [
      "a.network",
      "[Network]\nGateway=10.0.0.1",
      "cannot set gateway or range without subnet in /q/a.network:2",
    ],
    ["a.volume", "[Volume]\nType=tmpfs", "key Type can't be used without Device in /q/a.volume:2"],
    [
      "a.image",
      "[Image]\nDecryptionKey=k",
      "'DecryptionKey' in group 'Image' is not supported yet in /q/a.image:2",
    ],
    ["a.pod", "[Pod]", ".pod files are not supported yet in /q/a.pod"],
  ] as const)("%s %s is refused", ([name, text, message]) => {
    expect(() => convert({ [name]: text })).toThrow(message);
  });

  test("a network can go with its service", () => {
    const service = convert({ "a.network": "[Network]\nNetworkDeleteOnStop=yes" });
    expect(service.get("Service", "ExecStopPost")).toBe("/bin/coracle network rm systemd-a");
  });
});

test("an artifact is what a mount may have as its source", () => {
  const service = container("Mount=type=artifact,source=a.artifact,dst=/a", {
    "a.artifact": "[Artifact]\nArtifact=quay.io/a:1",
  });
  expect(flagsOf(service)).toBe("--mount type=artifact,source=quay.io/a:1,dst=/a localhost/bb");
  expect(service.all("Unit", "Requires")).toEqual(["a-artifact.service"]);
});

test.each([
  ['Entrypoint=""', "--entrypoint= localhost/bb"],
  ["Entrypoint=", "--entrypoint= localhost/bb"],
  ['Entrypoint=["a", "b"]', String.raw`"--entrypoint=[\"a\", \"b\"]" localhost/bb`],
])("%s", (line, flags) => {
  expect(flagsOf(container(line))).toBe(flags);
});

test("templates of volumes and networks have instances too", () => {
  const files = { "d@.volume": "[Volume]\n", "n@.network": "[Network]\n" };
  const volume = convert({ "d@.volume": "[Volume]\n" });
  expect(`${volume.name}: ${volume.get("Service", "ExecStart")}`).toBe(
    "d-volume@.service: /bin/coracle volume create --ignore systemd-d-%i",
  );
  const service = container("Volume=d@.volume:/d\nNetwork=n@.network", files, "a@.container");
  expect(flagsOf(service)).toContain("--network systemd-n-%i ");
  expect(flagsOf(service)).toContain("-v systemd-d-%i:/d ");
  expect(service.all("Unit", "Requires")).toEqual(["n-network@.service", "d-volume@.service"]);
  const one = container("Volume=d@one.volume:/d", { "d@one.volume": "[Volume]\n" });
  expect(flagsOf(one)).toBe("-v systemd-d-one:/d localhost/bb");
});

test("templates have instances as their names", () => {
  const service = container("[Install]\nWantedBy=default.target\n", {}, "a@.container");
  expect(service.get("Service", "ExecStart")).toContain("--name systemd-%p_%i ");
  expect(installLinks(service)).toEqual([]);
  const withDefault = container(
    "[Install]\nWantedBy=default.target\nDefaultInstance=x\n",
    {},
    "a@.container",
  );
  expect(installLinks(withDefault)).toEqual([
    { link: "default.target.wants/a@x.service", target: "../a@.service" },
  ]);
});

test("[Install] becomes links", () => {
  const service = container(
    "[Install]\nAlias=b.service ../c.service in/a/c.service web.service\nWantedBy=x.target y.target\nRequiredBy=z\nUpheldBy=u\n",
  );
  expect(installLinks(service)).toEqual([
    { link: "b.service", target: "web.service" },
    { link: "in/a/c.service", target: "../../web.service" },
    { link: "x.target.wants/web.service", target: "../web.service" },
    { link: "y.target.wants/web.service", target: "../web.service" },
    { link: "z.requires/web.service", target: "../web.service" },
    { link: "u.upholds/web.service", target: "../web.service" },
  ]);
});

test("drop-ins, the most specific first", () => {
  expect(dropInDirectories("a-b-c@i.container")).toEqual([
    "a-b-c@i.container.d",
    "a-b-c@.container.d",
    "a-b-.container.d",
    "a-.container.d",
    "container.d",
  ]);
  expect(dropInDirectories("a.volume")).toEqual(["a.volume.d", "volume.d"]);
});

test("a drop-in's lines are its own", () => {
  const unit = UnitFile.parse("[Container]\nImage=a\n", "/q/a.container");
  unit.merge(UnitFile.parse("[Container]\n\nNope=1\n", "/q/a.container.d/1.conf"));
  expect(() => convertUnit(unit, { program: "p", table: unitTable([unit]), exists: () => false })).toThrow(
    "unsupported key 'Nope' in group 'Container' in /q/a.container.d/1.conf:3",
  );
});

test("a file with several Quadlets is taken apart at lines of three dashes", () => {
  const [web, data] = [
    "# FileName=web\n[Container]\nImage=x",
    "# why\n# FileName= data\n[Volume]\nLabel=a=---",
  ];
  expect(splitQuadlets(`${web}\n\n---\n\n---  \n${data}\n---\n`)).toEqual([
    { name: "web.container", text: `${web}\n` },
    { name: "data.volume", text: `${data}\n` },
  ]);
  expect(() => splitQuadlets("[Container]\nImage=x")).toThrow(/missing required '# FileName=<name>'/);
  expect(() => splitQuadlets("# FileName=../x\n[Container]")).toThrow(/invalid FileName "\.\.\/x"/);
  expect(() => splitQuadlets("# FileName=x\n[Unit]\nDescription=y")).toThrow(/no group of a quadlet/);
});
