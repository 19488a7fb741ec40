import type { Context } from "../../host/context.ts";
import { invalid } from "../../oci/invalid.ts";
import { recordEvent } from "../../runtime/event-log.ts";
import { type NewSecret, storeSecret } from "../../storage/secrets.ts";

const MAX_SIZE = 512_000;

/** Returns the secret's id. */
export async function createSecret(ctx: Context, secret: NewSecret): Promise<string> {
  const { name, data } = secret;
  checkSecretName(name);
  if (data.length === 0 || data.length >= MAX_SIZE) {
    throw invalid("secret data must be larger than 0 and less than 512000 bytes");
  }
  const id = await storeSecret(ctx, secret);
  recordEvent(ctx, { Type: "secret", Status: "create", ID: id, Name: name });
  return id;
}

export function checkSecretName(name: string): void {
  if (name !== "" && name.length <= 253 && !/[,/=\0]/.test(name)) return;
  throw invalid(
    `secret name ${JSON.stringify(name)} can not include '=', '/', ',', or the '\\0' (NULL) and be between 1 and 253 characters: invalid secret name`,
  );
}
