import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { recordEvent } from "../../runtime/event-log.ts";
import { deleteSecret, listSecrets } from "../../storage/secrets.ts";
import { checkSecretName } from "./create.ts";

/** Returns the ids of those removed; failures don't keep the others from being removed. */
export async function removeSecrets(
  ctx: Context,
  names: readonly string[],
  options: { all: boolean; ignore: boolean },
): Promise<{ removed: string[]; errors: EngineError[] }> {
  const removed: string[] = [];
  const errors: EngineError[] = [];
  for (const name of options.all ? listSecrets(ctx).map(({ id }) => id) : names) {
    try {
      checkSecretName(name);
      const id = await deleteSecret(ctx, name);
      recordEvent(ctx, { Type: "secret", Status: "remove", ID: id, Name: name });
      removed.push(id);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      if (options.ignore && error.code === "no-such-secret") continue;
      errors.push(error);
    }
  }
  return { removed, errors };
}
