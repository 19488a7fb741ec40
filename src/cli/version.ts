import { version } from "../host/version.ts";

/** What `version` prints, with the keys of Podman's. */
export interface VersionReport {
  Client: {
    APIVersion: string;
    Version: string;
    /** Scripts read it; we have none. */
    GoVersion: string;
    GitCommit: string;
    BuiltTime: string;
    Built: number;
    OsArch: string;
    Os: string;
  };
}

export function versionReport(): VersionReport {
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  return {
    Client: {
      APIVersion: version,
      Version: version,
      GoVersion: "",
      GitCommit: "",
      // Not told, so that equal sources make equal programs; Podman shows it so then.
      BuiltTime: "Thu Jan  1 00:00:00 1970",
      Built: 0,
      OsArch: `linux/${architecture}`,
      Os: "linux",
    },
  };
}

export function versionText({ Client }: VersionReport): string {
  const lines = [
    ["Client:", "Coracle Engine"],
    ["Version:", Client.Version],
    ["API Version:", Client.APIVersion],
    ["Built:", Client.BuiltTime],
    ["OS/Arch:", Client.OsArch],
  ];
  return lines.map(([name = "", value]) => `${name.padEnd(13)} ${value}\n`).join("");
}
