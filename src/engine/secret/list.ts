import type { Context } from "../../host/context.ts";
import { badFilter, filterValues } from "../../oci/filters.ts";
import { matcher } from "../../oci/pattern.ts";
import { listSecrets as storedSecrets } from "../../storage/secrets.ts";
import { describeSecret, type SecretDescription } from "./inspect.ts";

/** Secrets in the order in which they were made; filters `name=REGEX` and `id=REGEX`, values of one key alternatives. */
export function listSecrets(ctx: Context, filters: readonly string[]): SecretDescription[] {
  const byKey = filterValues(filters);
  const secrets = storedSecrets(ctx);
  const unknown = [...byKey.keys()].find((key) => key !== "name" && key !== "id");
  // Podman asks for them with each secret.
  if (unknown !== undefined && secrets.length > 0) {
    throw badFilter(`invalid filter ${JSON.stringify(unknown)}`, "filters are name and id");
  }
  const [names, ids] = [byKey.get("name")?.map(matcher), byKey.get("id")?.map(matcher)];
  return secrets
    .filter(({ name }) => !names || names.some((matches) => matches(name)))
    .filter(({ id }) => !ids || ids.some((matches) => matches(id)))
    .map((secret) => describeSecret(secret));
}
