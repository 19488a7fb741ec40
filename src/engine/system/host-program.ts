import { findProgram } from "../../host/programs.ts";
import { runProgram } from "../../host/spawn.ts";

export interface HostProgram {
  /** Its path; "" where it isn't installed. */
  executable: string;
  /** Of the distribution, with version: `slirp4netns_1.2.0-1_amd64`. */
  package: string;
  /** What it says of itself. */
  version: string;
}

/** A program of the host, by name or path, as `info` shows it. */
export function describeProgram(name: string): HostProgram {
  const executable = name.includes("/") ? name : findProgram(name);
  if (executable === undefined) return { executable: "", package: "", version: "" };
  return { executable, package: packageOf(executable), version: output(executable, ["--version"]) };
}

/** "Unknown" for what no package manager knows. */
export function packageOf(file: string): string {
  const dpkg = findProgram("dpkg-query");
  if (dpkg !== undefined) {
    const owner = output(dpkg, ["--search", file]).split(":")[0] ?? "";
    const format = "--showformat=${Package}_${Version}_${Architecture}";
    return (owner && output(dpkg, ["--show", format, owner])) || "Unknown";
  }
  const rpm = findProgram("rpm");
  return (rpm !== undefined && output(rpm, ["--query", "--file", file])) || "Unknown";
}

/** "" where it fails. */
function output(program: string, args: string[]): string {
  const { status, stdout } = runProgram(program, args);
  return status === 0 ? stdout.trim() : "";
}
