import { describe, expect, test } from "vitest";
import {
  imageVolumeMounts,
  inheritedMounts,
  type MountFlags,
  parseImageVolumeMode,
  parseMounts,
  parseVolumesFrom,
} from "../../../src/oci/mounts.ts";

const resolve = (path: string) => (path.startsWith("/") ? path : `/cwd/${path}`);
const parse = (flags: MountFlags) => parseMounts(flags, resolve);
const volume = (text: string) => parse({ volumes: [text] })[0];
const mount = (text: string) => parse({ mounts: [text] })[0];
const tmpfs = (text: string) => parse({ tmpfs: [text] })[0];

describe("-v", () => {
  test("binds a path of the host", () => {
    const plain = { type: "bind", source: "/src", destination: "/dst", options: ["rprivate", "rbind"] };
    expect(volume("/src:/dst")).toEqual(plain);
    expect(volume("/src:/dst/../dst/")).toEqual(plain);
    expect(volume("./src:/dst")).toMatchObject({ type: "bind", source: "/cwd/./src" });
    expect(volume(".:/dst")).toMatchObject({ type: "bind", source: "/cwd/." });
  });

  test("names a volume", () => {
    const options = ["rprivate", "nosuid", "nodev", "rbind"];
    expect(volume("data:/dst")).toEqual({ type: "volume", source: "data", destination: "/dst", options });
    expect(volume("/dst")).toEqual({
      type: "volume",
      source: "",
      destination: "/dst",
      options,
      anonymous: true,
    });
  });

  test("takes its own options out and leaves the kernel's", () => {
    expect(volume("/src:/dst:ro,Z,U,noexec,rslave,cached")).toEqual({
      type: "bind",
      source: "/src",
      destination: "/dst",
      options: ["ro", "noexec", "rslave", "rbind"],
      chown: true,
      relabel: "Z",
    });
    expect(volume("data:/dst:nocopy,suid")).toMatchObject({
      noCopy: true,
      options: ["suid", "rprivate", "nodev", "rbind"],
    });
    expect(volume("/src:/dst:bind")?.options).toEqual(["bind", "private"]);
  });

  test.each([
    ["/src:/dst:foo", 'invalid option type "foo"'],
    ["/src:/dst:ro,rw", `invalid options "ro, rw", can only specify 1 'rw' or 'ro' option`],
    ["/src:/dst:U,U", `invalid options "U, U", can only specify 1 'U' option`],
    ["/src:/dst:size=1m", 'invalid option type "size=1m"'],
    ["/src:dst", 'invalid container path "dst", must be an absolute path'],
    ["dst", 'invalid container path "dst", must be an absolute path'],
    [":/dst", "host directory cannot be empty"],
    ["/src:", "container directory cannot be empty"],
    ["/src:/", 'invalid container path "/"'],
    ["/a:/b:c:d", "/a:/b:c:d: incorrect volume format, should be [host-dir:]ctr-dir[:option]"],
    ["/a:/b:", 'invalid option type ""'],
    ["/co:lon:/m", 'invalid option type "/m"'],
    ["::", 'invalid option type ""'],
    ["rel/x:/q", "names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument"],
    ["v!x:/d", "names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument"],
  ])("%s is refused", (text, message) => {
    expect(() => volume(text)).toThrow(message);
  });

  test("idmap and no-dereference", () => {
    expect(volume("/src:/dst:idmap")).toMatchObject({ idmap: "", options: ["rprivate", "rbind"] });
    expect(volume("/src:/dst:idmap=uids=0-1-1")?.idmap).toBe("uids=0-1-1");
    expect(() => volume("/src:/dst:idmap=uids=x")).toThrow('invalid idmap option "x"');
    expect(volume("/src:/dst:no-dereference")?.options).toContain("copy-symlink");
    expect(volume("/src:/dst:U,O")).toMatchObject({ chown: true, overlay: "temporary" });
  });
});

describe("--mount", () => {
  test("bind", () => {
    expect(mount("type=bind,src=/a,dst=/b,ro,bind-propagation=rshared,relabel=private,U=true")).toEqual({
      type: "bind",
      source: "/a",
      destination: "/b",
      options: ["ro", "rshared", "rbind"],
      chown: true,
      relabel: "Z",
    });
    expect(mount("type=bind,dest=/b,bind-nonrecursive,consistency=cached")).toMatchObject({
      source: "/b",
      options: ["bind", "private"],
    });
    expect(mount("type=bind,source=rel,target=/b,readonly=false")).toMatchObject({
      source: "/cwd/rel",
      options: ["rprivate", "rbind"],
    });
    expect(mount('type=bind,"src=/a,b",dst=/c')).toMatchObject({ source: "/a,b" });
  });

  test("volume, which is also the default", () => {
    const options = ["rw", "rprivate", "nosuid", "nodev", "rbind"];
    const request = { type: "volume", source: "v", destination: "/b", options };
    expect(mount("type=volume,src=v,dst=/b,rw")).toEqual(request);
    expect(mount("src=v,dst=/b,rw")).toEqual(request);
    expect(mount("dst=/b")).toMatchObject({ source: "", anonymous: true });
    expect(mount("type=volume,src=v,dst=/b,rw=false")?.options).toContain("ro");
  });

  test("tmpfs", () => {
    expect(mount("type=tmpfs,dst=/b,tmpfs-mode=700,tmpfs-size=1m,notmpcopyup,exec")).toEqual({
      type: "tmpfs",
      source: "tmpfs",
      destination: "/b",
      options: ["mode=700", "size=1m", "exec", "rprivate", "nosuid", "nodev"],
    });
  });

  test("devpts", () => {
    expect(mount("type=devpts,dst=/d,uid=1,ptmxmode=0666")).toEqual({
      type: "devpts",
      source: "devpts",
      destination: "/d",
      options: ["uid=1", "ptmxmode=0666"],
    });
    expect(mount("type=devpts,dst=/d")?.options).toContain("ptmxmode=0666");
  });

  test.each([
    ["type=foo,dst=/x", 'invalid filesystem type "foo"'],
    ["type=bind,src=/tmp", "must set volume destination"],
    ["type=bind,dst=/x,foo=1", "foo: invalid mount option"],
    ["type=bind,dst=/x,constructor", "constructor: invalid mount option"],
    ["type=bind,dst=/x,nosuid=0", "nosuid: invalid mount option"],
    ["type=bind,dst=", "container directory cannot be empty"],
    ["type=volume,dst=q", 'invalid container path "q", must be an absolute path'],
    ["type=bind,src,dst=/q", "src: must provide an argument for option"],
    ["type=bind,src=,dst=/q", "host directory cannot be empty"],
    [
      "type=bind,dst=/q,ro,rw",
      "cannot pass 'readonly', 'ro', or 'rw' mnt.Options more than once: must provide an argument for option",
    ],
    ["type=tmpfs,dst=/x,src=/y", '"src" option not supported for "tmpfs" mount types'],
    ["type=bind,dst=/x,tmpfs-size=1", '"tmpfs-size" option not supported for "bind" mount types'],
    [
      "type=bind,dst=/q,relabel=foo",
      "relabel mount option must be 'private' or 'shared': invalid mount option",
    ],
    ["type=bind,dst=/q,bind-propagation=foo", 'invalid value "bind-propagation=foo"'],
    [
      "type=volume,src=x,dst=/q,U=x",
      `'U' or 'chown' must be set to true or false, instead received "x": must provide an argument for option`,
    ],
    [
      "type=tmpfs,dst=/q,tmpcopyup,notmpcopyup",
      "cannot pass 'tmpcopyup' and 'notmpcopyup' mnt.Options more than once: must provide an argument for option",
    ],
    [
      "type=bind,dst=/q,ro=maybe",
      `'readonly', 'ro', or 'rw' must be set to true or false, instead received "maybe": must provide`,
    ],
    ["type=volume,src=../x,dst=/q", "names must match"],
    ["type=bind,src=/x,dst=/q,subpath=/y", 'cannot set option "subpath" on non-volume mounts'],
    ["type=devpts,dst=/q,foo=1", "foo: invalid mount option"],
    ["", "incorrect mount format"],
    ["type=tmpfs,dst=/x\ntype=tmpfs,dst=/y", "incorrect mount format"],
    ['type=bind,src="a",dst=/x', 'parse error on line 1, column 15: bare " in non-quoted-field'],
    ["type=bind,type=tmpfs,dst=/x", "type: invalid mount option"],
    ["bind", "bind: invalid mount option"],
    ["type=bind,src=/x,dst=/q,", ": invalid mount option"],
    ["type=image,src,dst=/q", "src: must provide an argument for option"],
    ["type=image,src=i,dst=", "container directory cannot be empty"],
    ["type=image,src=i,dst=/q,subpath=a", 'volume subpath "a" must be an absolute path'],
    ["type=image,src=i,dst=/q,idmap", "--mount type=image with the option idmap is not supported yet"],
  ])("%s is refused", (text, message) => {
    expect(() => mount(text)).toThrow(message);
  });

  test("parts of volumes and images, options for new volumes", () => {
    expect(mount("type=image,src=x,dst=/q,subpath=/a")).toMatchObject({ subpath: "/a" });
    expect(mount("type=volume,src=x,dst=/q,volume-subpath=a/b")).toMatchObject({ subpath: "a/b" });
    expect(mount("src=x,dst=/q,volume-opt=type=tmpfs,volume-opt=device=tmpfs")).toMatchObject({
      volumeOptions: { type: "tmpfs", device: "tmpfs" },
    });
    expect(() => mount("src=x,dst=/q,volume-opt=a")).toThrow(
      "cannot parse driver opts: invalid mount option",
    );
  });

  test("artifacts", () => {
    expect(mount("type=artifact,src=x,dst=/q,title=t,name=n")).toEqual({
      type: "artifact",
      source: "x",
      destination: "/q",
      options: ["ro", "bind", "rprivate"],
      artifact: { title: "t", name: "n" },
    });
    expect(() => mount("type=artifact,src=x")).toThrow("must set source and destination for artifact volume");
    expect(() => mount("type=artifact,src=x,dst=/q,rw")).toThrow("rw: invalid mount option");
    expect(() => mount("type=artifact,src=x,dst=/q,title=t,digest=sha256:1")).toThrow(
      "both digest and title",
    );
    expect(() => mount("type=artifact,src=x,dst=/q,name=../n")).toThrow("must not contain /");
  });
});

describe("--tmpfs", () => {
  test("defaults and options", () => {
    expect(tmpfs("/t")?.options).toEqual(["rprivate", "nosuid", "nodev", "tmpcopyup"]);
    expect(tmpfs("/t:size=1m,mode=1777,exec,dev")).toEqual({
      type: "tmpfs",
      source: "tmpfs",
      destination: "/t",
      options: ["size=1m", "mode=1777", "exec", "dev", "rprivate", "nosuid", "tmpcopyup"],
    });
  });

  test.each([
    ["t", 'invalid container path "t", must be an absolute path'],
    ["/t:foo", 'unknown mount option "foo": invalid mount option'],
    ["/t:size", 'unknown mount option "size": invalid mount option'],
    ["/t:rw,ro", "only one of 'rw' and 'ro' can be used: duplicate mount option passed"],
    ["/t:size=1m,size=2m", "only one tmpfs size can be specified: duplicate mount option passed"],
    ["/t:rbind", "the 'bind' and 'rbind' options are not allowed with tmpfs mounts"],
  ])("%s is refused", (text, message) => {
    expect(() => tmpfs(text)).toThrow(message);
  });
});

describe("destinations", () => {
  test("only one mount each", () => {
    const message = "/x: duplicate mount destination";
    expect(() => parse({ volumes: ["/tmp:/x", "/var:/x"] })).toThrow(message);
    expect(() => parse({ volumes: ["/tmp:/x"], tmpfs: ["/x/"] })).toThrow(message);
    expect(() => parse({ volumes: ["a:/x"], mounts: ["type=bind,src=/tmp,dst=/x"] })).toThrow(message);
    expect(() => parse({ mounts: ["src=a,dst=/x", "src=a,dst=/x"] })).toThrow(message);
  });

  test("the same twice is one mount", () => {
    expect(parse({ volumes: ["/tmp:/x", "/tmp:/x"] })).toHaveLength(1);
    expect(parse({ volumes: ["v:/x"], mounts: ["src=v,dst=/x"] })).toHaveLength(1);
    const [kept, ...others] = parse({ tmpfs: ["/x"], mounts: ["type=tmpfs,dst=/x,tmpfs-size=1m"] });
    expect(kept?.options).toContain("size=1m");
    expect(others).toEqual([]);
  });
});

describe("volumes of the image", () => {
  const requested = parse({ volumes: ["/tmp:/taken"] });

  test("become anonymous volumes, a tmpfs or nothing, where nothing was asked for", () => {
    const paths = ["/data/", "/taken"];
    expect(imageVolumeMounts(paths, "anonymous", requested)).toMatchObject([
      {
        type: "volume",
        source: "",
        destination: "/data",
        anonymous: true,
        options: ["rprivate", "rw", "nodev", "exec", "nosuid", "rbind"],
      },
    ]);
    expect(imageVolumeMounts(paths, "tmpfs", requested)).toMatchObject([
      { type: "tmpfs", destination: "/data" },
    ]);
    expect(imageVolumeMounts(paths, "ignore", requested)).toEqual([]);
  });

  test("--image-volume", () => {
    expect(parseImageVolumeMode("bind")).toBe("anonymous");
    expect(() => parseImageVolumeMode("x")).toThrow(
      'invalid image volume mode "x" required value: anonymous, tmpfs, ignore',
    );
  });
});

test("--volumes-from", () => {
  expect(parseVolumesFrom("c")).toEqual({ container: "c", access: "" });
  expect(parseVolumesFrom("c:ro,z")).toEqual({ container: "c", access: "ro" });
  expect(() => parseVolumesFrom("c:foo")).toThrow(
    'invalid option "foo" specified - volumes from another container can only use z,ro,rw options',
  );
  expect(() => parseVolumesFrom("c:")).toThrow('invalid option ""');
  expect(() => parseVolumesFrom("c:ro,rw")).toThrow("cannot set ro or rw options more than once");
  expect(() => parseVolumesFrom("c:z,z,ro")).toThrow("cannot set :z more than once in mount options");
  expect(() => parseVolumesFrom(":ro")).toThrow("name or ID cannot be empty");
});

test("what --volumes-from takes over", () => {
  const mounts = parse({ volumes: ["/a:/b:ro", "/anonymous"], tmpfs: ["/t"] });
  const [bind, volume, ...others] = inheritedMounts(mounts, "");
  expect(bind).toEqual(mounts[0]);
  // Its owner is another container, with which it goes.
  expect(volume).not.toHaveProperty("anonymous");
  expect(others).toEqual([]);
  expect(inheritedMounts(mounts, "rw")[0]?.options).toEqual(["rprivate", "rbind", "rw"]);
});

test("mounts beside their sources", () => {
  expect(volume("/src:/dst:O")?.overlay).toBe("temporary");
  expect(volume("/src:/dst:O")?.options).toEqual(["rprivate", "rbind"]);
  expect(volume("v:/dst:O,upperdir=/u,workdir=/w")?.overlay).toEqual({ upper: "/u", work: "/w" });
  expect(() => volume("/src:/dst:O,upperdir=/u")).toThrow("must set both `upperdir` and `workdir`");
  expect(() => volume("/src:/dst:O,ro")).toThrow("can't use 'O' with other options");
  expect(volume("v:/dst:O,ro")?.options).toContain("ro");
  expect(() => volume("/src:/dst:upperdir=/u,workdir=/w")).toThrow("invalid option type");
  expect(mount("type=image,src=i,dst=/q,rw=true")).toEqual({
    type: "image",
    source: "i",
    destination: "/q",
    options: ["rw", "rprivate", "rbind"],
    overlay: "temporary",
  });
  expect(() => mount("type=image,dst=/q")).toThrow("must set source and destination for image volume");
  expect(() => mount("type=image,src=i,dst=/q,rw")).toThrow('invalid rw value "": invalid mount option');
});

test("--mount type=glob binds what it finds", () => {
  const glob = (pattern: string) => (pattern === "/x*" ? ["/x1", "/x2"] : []);
  const found = (text: string) => parseMounts({ mounts: [text] }, (path) => path, glob);
  expect(
    found("type=glob,src=/x*,dst=/q,ro").map((m) => [m.type, m.source, m.destination, m.options[0]]),
  ).toEqual([
    ["bind", "/x1", "/q/x1", "ro"],
    ["bind", "/x2", "/q/x2", "ro"],
  ]);
  expect(found("type=glob,src=/x*").map((m) => m.destination)).toEqual(["/x1", "/x2"]);
  expect(() => found("type=glob,src=/y*,dst=/q")).toThrow('no file paths matching glob "/y*"');
});

test("--mount type=ramfs has no limits", () => {
  expect(mount("type=ramfs,dst=/q,noexec")).toMatchObject({
    type: "ramfs",
    source: "ramfs",
    options: ["noexec", "rprivate", "nosuid", "nodev"],
  });
  expect(() => mount("type=ramfs,dst=/q,tmpfs-size=1m")).toThrow("not supported");
  expect(() => mount("type=ramfs,dst=/q,U")).toThrow('"U" option not supported for "ramfs" mount types');
});
