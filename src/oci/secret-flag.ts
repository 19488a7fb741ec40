import type { SecretRequest } from "./container.ts";
import { invalid } from "./invalid.ts";
import { keyAndValue } from "./key-value.ts";

const MAX_ID = 2 ** 32 - 1;

/** Value of `--secret`: `NAME`, or `NAME,type=…,target=…,uid=…,gid=…,mode=…`; `source=NAME` may name it as well. */
export function parseSecret(text: string): SecretRequest {
  const secret: SecretRequest = { name: "", id: "", type: "mount", target: "", uid: 0, gid: 0, mode: 0o444 };
  const parts = text.split(",");
  if (parts.length === 1) return { ...secret, name: text };
  if (!parts[0]?.includes("=")) secret.name = parts.shift() as string;
  let hasType = false;
  let mountOnly = false;
  for (const part of parts) {
    const [name, value] = keyAndValue(part);
    if (value === undefined) throw bad(`option ${part} must be in form option=value`);
    switch (name) {
      case "source":
        secret.name = value;
        break;
      case "type":
        if (hasType) throw bad("cannot set more than one secret type");
        if (value !== "mount" && value !== "env") throw bad(`type ${value} is invalid`);
        secret.type = value;
        hasType = true;
        break;
      case "target":
        secret.target = value;
        break;
      case "mode":
        if (!/^[0-7]{1,4}$/.test(value)) throw bad(`mode ${value} invalid`);
        secret.mode = Number.parseInt(value, 8);
        mountOnly = true;
        break;
      case "uid":
      case "gid":
        if (!/^\d+$/.test(value) || Number(value) > MAX_ID)
          throw bad(`${name.toUpperCase()} ${value} invalid`);
        secret[name] = Number(value);
        mountOnly = true;
        break;
      default:
        throw bad(`option ${part} invalid`);
    }
  }
  if (secret.name === "") throw bad(`no source found ${text}`);
  if (secret.type === "env" && mountOnly) {
    throw bad("UID, GID, Mode options cannot be set with secret type env");
  }
  if (secret.type === "env" && secret.target === "") secret.target = secret.name;
  return secret;
}

function bad(message: string) {
  return invalid(`${message}: parsing secret`);
}
