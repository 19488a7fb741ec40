import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { findSecret, getSecret, readSecret, type SecretRecord } from "../../storage/secrets.ts";

/** A secret as `secret inspect` prints it: same keys, same order. */
export function describeSecret(secret: SecretRecord, showSecret = false) {
  return {
    ID: secret.id,
    CreatedAt: secret.createdAt,
    UpdatedAt: secret.updatedAt,
    Spec: {
      Name: secret.name,
      Driver: { Name: secret.driver, Options: secret.options },
      Labels: secret.labels,
    },
    ...(showSecret ? { SecretData: readSecret(secret).toString() } : {}),
  };
}

export type SecretDescription = ReturnType<typeof describeSecret>;

/** Those that there are, and an error for each of the others. */
export function inspectSecrets(
  ctx: Context,
  names: readonly string[],
  showSecret: boolean,
): { secrets: SecretDescription[]; errors: EngineError[] } {
  const secrets: SecretDescription[] = [];
  const errors: EngineError[] = [];
  for (const name of names) {
    try {
      secrets.push(describeSecret(getSecret(ctx, name), showSecret));
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      errors.push(error);
    }
  }
  return { secrets, errors };
}

/** What a secret holds. */
export function secretText(ctx: Context, nameOrId: string): string {
  return readSecret(getSecret(ctx, nameOrId)).toString();
}

export function secretExists(ctx: Context, nameOrId: string): boolean {
  return findSecret(ctx, nameOrId) !== undefined;
}
