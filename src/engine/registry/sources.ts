import { rephrase } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { type FullReference, formatReference, repositoryName } from "../../oci/reference.ts";
import { pullSources } from "../../oci/registries.ts";
import type { RegistryClient } from "../../registry/client.ts";
import { type RegistryAccess, registryOptions, usableRegistry } from "./options.ts";

/** What `use` gets from the first of the mirrors, or else from the place itself, that has the image. */
export async function fromSources<T>(
  ctx: Context,
  reference: FullReference,
  access: RegistryAccess,
  use: (client: RegistryClient, source: FullReference) => Promise<T>,
): Promise<T> {
  const { RegistryClient } = await import("../../registry/client.ts");
  const failures: [FullReference, unknown][] = [];
  for (const source of pullSources(await usableRegistry(repositoryName(reference)), reference)) {
    try {
      const name = repositoryName(source.reference);
      const options = await registryOptions(ctx, name, access, source.insecure);
      return await use(new RegistryClient(source.reference, options), source.reference);
    } catch (error) {
      failures.push([source.reference, error]);
    }
  }
  throw withMirrors(failures);
}

function withMirrors(failures: [FullReference, unknown][]): unknown {
  const [primary, error] = failures.pop() as [FullReference, unknown];
  if (failures.length === 0) return error;
  const mirrors = failures.map(
    ([mirror, failure]) =>
      `[${formatReference(mirror)}: ${failure instanceof Error ? failure.message : failure}]`,
  );
  const prefix = `(Mirrors also failed: ${mirrors.join(" ")}): ${formatReference(primary)}: `;
  return rephrase(error, { prefix, exitCode: 125 });
}
