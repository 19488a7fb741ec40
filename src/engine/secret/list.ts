import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { matcher } from "../../oci/pattern.ts";
import { listSecrets as storedSecrets } from "../../storage/secrets.ts";
import { describeSecret, type SecretDescription } from "./inspect.ts";

/** Secrets in the order in which they were made; filters `name=REGEX` and `id=PREFIX`, values of one key alternatives. */
export function listSecrets(ctx: Context, filters: readonly string[]): SecretDescription[] {
  const byKey = new Map<string, string[]>();
  for (const filter of filters) {
    const [key = "", value] = filter.split(/=(.*)/s);
    if (value === undefined) {
      throw new EngineError(
        "bad-filter",
        `filter input must be in the form of filter=value: ${filter} is invalid`,
      );
    }
    if (key !== "name" && key !== "id") {
      throw new EngineError("bad-filter", `invalid filter ${JSON.stringify(key)}`, {
        hint: "filters are name and id",
      });
    }
    byKey.set(key, [...(byKey.get(key) ?? []), value]);
  }
  const [names, ids] = [byKey.get("name")?.map(matcher), byKey.get("id")];
  return storedSecrets(ctx)
    .filter(({ name }) => !names || names.some((matches) => matches(name)))
    .filter(({ id }) => !ids || ids.some((prefix) => id.startsWith(prefix)))
    .map((secret) => describeSecret(secret));
}
