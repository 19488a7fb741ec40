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
  const sources = pullSources(await usableRegistry(repositoryName(reference)), reference);
  for (const source of sources) {
    try {
      const name = repositoryName(source.reference);
      const options = await registryOptions(ctx, name, access, source.insecure);
      // A mirror that isn't there is what the others are for.
      const patient = source === sources.at(-1);
      return await use(new RegistryClient(source.reference, { ...options, patient }), source.reference);
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
  const prefix = `(Mirrors also failed: ${mirrors.join("\n")}): ${formatReference(primary)}: `;
  return rephrase(error, { prefix, exitCode: 125 });
}
