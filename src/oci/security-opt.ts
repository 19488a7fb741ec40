import type { SecurityOptions } from "./container.ts";
import { invalid } from "./invalid.ts";

const known =
  "there are apparmor=, label=, mask=, no-new-privileges, proc-opts=, seccomp=, systempaths= and unmask=";

/** Values of `--security-opt`, as `key=value` or Docker's old `key:value`. */
export function parseSecurityOptions(values: readonly string[]): SecurityOptions {
  const options: SecurityOptions = {
    noNewPrivileges: false,
    seccomp: "",
    apparmor: "",
    label: [],
    mask: [],
    unmask: [],
    procOpts: [],
  };
  for (const text of values) apply(options, text);
  return options;
}

/** A profile that can't be applied is refused, where the kernel or a user's rights don't allow any. */
export function checkApparmor(profile: string, available: boolean): void {
  if (available || profile === "" || profile === "unconfined") return;
  throw invalid(
    `apparmor profile "${profile}" specified, but Apparmor is not enabled on this system`,
    "that needs a kernel with AppArmor and real root; leave the option out",
  );
}

function apply(options: SecurityOptions, text: string): void {
  const separator = text.includes("=") ? "=" : ":";
  const at = text.indexOf(separator);
  const key = at < 0 ? text : text.slice(0, at);
  const value = at < 0 ? undefined : text.slice(at + 1);
  if (key === "no-new-privileges") {
    options.noNewPrivileges = parseBoolean(value ?? "true", text);
    return;
  }
  if (value === undefined) throw invalid(`invalid --security-opt 1: "${text}"`, known);
  switch (key) {
    case "apparmor":
    case "seccomp":
      options[key] = value;
      break;
    case "label":
      options.label.push(value);
      break;
    case "mask":
    case "unmask":
      options[key].push(
        ...value
          .split(":")
          .filter(Boolean)
          .map((path) => absolute(path, key)),
      );
      break;
    case "proc-opts":
      options.procOpts.push(...value.split(",").filter(Boolean));
      break;
    case "systempaths":
      if (value !== "unconfined") {
        throw invalid(`invalid systempaths option "${value}", only \`unconfined\` is supported`);
      }
      options.unmask.push("ALL");
      break;
    default:
      throw invalid(`invalid --security-opt 2: "${text}"`, known);
  }
}

function absolute(path: string, key: "mask" | "unmask"): string {
  if (key === "unmask" && path.toUpperCase() === "ALL") return "ALL";
  if (!path.startsWith("/")) throw invalid(`--security-opt ${key}: "${path}" is not an absolute path`);
  return path;
}

function parseBoolean(value: string, text: string): boolean {
  if (["1", "t", "true"].includes(value.toLowerCase())) return true;
  if (["0", "f", "false"].includes(value.toLowerCase())) return false;
  throw invalid(`invalid --security-opt 2: "${text}"`);
}
