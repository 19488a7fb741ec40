/**
 * Where Coracle differs from Debian's Podman 4.3 on purpose. `ours` has those parts of the outcome that differ, as they
 * have to be; a part that doesn't differ (any more) fails the test, and so does a line that no scenario has.
 * Not listed, since they are allowed everywhere: remedies that follow Podman's error text (normalise.ts).
 */
export interface Difference {
  /** Lines as the scenarios have them. */
  lines: string[];
  reason: string;
  ours: { exitCode?: number; stdout?: string | RegExp; stderr?: string | RegExp };
}

export const deliberate: Difference[] = [];
