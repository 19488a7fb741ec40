import { EngineError } from "../errors.ts";

/** How many arguments a command takes; throws with the text Podman's users know. */
export type Arity = (args: readonly string[], path: string) => void;

export const none: Arity = (args, path) => {
  if (args.length > 0) throw usage(`\`${path}\` takes no arguments`);
};

export const any: Arity = () => {};

export function exactly(count: number): Arity {
  return (args) => {
    if (args.length !== count) throw usage(`accepts ${count} arg(s), received ${args.length}`);
  };
}

/** `complaint`: where Podman has words of its own. */
export function atLeast(count: number, complaint?: string): Arity {
  return (args) => {
    if (args.length < count) {
      throw usage(complaint ?? `requires at least ${count} arg(s), only received ${args.length}`);
    }
  };
}

export function atMost(count: number, complaint?: (path: string) => string): Arity {
  return (args, path) => {
    if (args.length > count) {
      throw usage(complaint?.(path) ?? `accepts at most ${count} arg(s), received ${args.length}`);
    }
  };
}

export function between(least: number, most: number): Arity {
  return (args) => {
    if (args.length < least || args.length > most) {
      throw usage(`accepts between ${least} and ${most} arg(s), received ${args.length}`);
    }
  };
}

// Unlike a wrong flag, a wrong count is not followed by "See '… --help'".
function usage(message: string): EngineError {
  return new EngineError("usage", message);
}
