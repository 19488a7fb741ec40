import { EngineError } from "../errors.ts";

/** OCI hooks configuration, version 1.0.0: oci-hooks(5); and 0.1.0, which came before it. */

const stages = [
  "prestart",
  "createRuntime",
  "createContainer",
  "startContainer",
  "poststart",
  "poststop",
] as const;

export type Stage = (typeof stages)[number];

export function isStage(text: string): text is Stage {
  return (stages as readonly string[]).includes(text);
}

export interface RuntimeHook {
  path: string;
  args?: string[];
  env?: string[];
  timeout?: number;
}

export type RuntimeHooks = Partial<Record<Stage, RuntimeHook[]>>;

export interface HookFile {
  hook: RuntimeHook;
  when: {
    always?: boolean;
    annotations?: Record<string, string>;
    commands?: string[];
    hasBindMounts?: boolean;
  };
  stages: Stage[];
  /** One condition is enough, as in version 0.1.0. */
  any?: boolean;
}

/** Names have a singular as well. */
interface OldHookFile {
  hook?: string;
  arguments?: string[];
  stages?: Stage[];
  stage?: Stage[];
  cmds?: string[];
  cmd?: string[];
  annotations?: string[];
  annotation?: string[];
  hasbindmounts?: boolean;
}

/** What a hook's conditions are about. */
export interface HookFacts {
  annotations: Record<string, string>;
  /** args[0] of the container's process. */
  command: string;
  hasBindMounts: boolean;
}

export function parseHook(text: string, file: string): HookFile {
  const fail = (what: string): never => {
    throw new EngineError("bad-hook", `parsing hook "${file}": ${what}`, {
      hint: "oci-hooks(5) describes the format",
    });
  };
  let document: Partial<HookFile> & { version?: string };
  try {
    document = JSON.parse(text);
  } catch (error) {
    return fail((error as Error).message);
  }
  if ((document.version ?? "0.1.0") === "0.1.0") document = fromOld(document as unknown as OldHookFile);
  else if (document.version !== "1.0.0")
    return fail(`unrecognized hook version: "${document.version ?? ""}"`);
  if (!document.hook?.path) return fail("missing required property: hook.path");
  if (!document.hook.path.startsWith("/")) return fail(`hook.path "${document.hook.path}" is not absolute`);
  if (!document.when) return fail("missing required property: when");
  if (!document.stages?.length) return fail("missing required property: stages");
  const unknown = document.stages.find((stage) => !stages.includes(stage));
  if (unknown !== undefined) return fail(`unknown stage "${unknown}"`);
  const { annotations = {}, commands = [] } = document.when;
  for (const pattern of [...Object.entries(annotations).flat(), ...commands]) {
    try {
      new RegExp(pattern);
    } catch {
      return fail(`"${pattern}" is no regular expression`);
    }
  }
  return document as HookFile;
}

function fromOld(old: OldHookFile): Partial<HookFile> {
  const file = old.hook;
  const patterns = old.annotations ?? old.annotation;
  return {
    ...(file === undefined
      ? {}
      : { hook: old.arguments ? { path: file, args: [file, ...old.arguments] } : { path: file } }),
    when: {
      commands: old.cmds ?? old.cmd ?? [],
      annotations: patterns?.length ? { ".*": patterns.join("|") } : {},
      ...(old.hasbindmounts === undefined ? {} : { hasBindMounts: old.hasbindmounts }),
    },
    stages: old.stages ?? old.stage ?? [],
    any: true,
  };
}

/** All conditions of a hook must hold, and there must be one. */
function matches({ when, any }: HookFile, facts: HookFacts): boolean {
  const conditions: boolean[] = [];
  if (when.always !== undefined) conditions.push(when.always);
  if (when.hasBindMounts !== undefined) conditions.push(when.hasBindMounts && facts.hasBindMounts);
  for (const [key, value] of Object.entries(when.annotations ?? {})) {
    const [keyPattern, valuePattern] = [new RegExp(key), new RegExp(value)];
    conditions.push(
      Object.entries(facts.annotations).some(
        ([name, text]) => keyPattern.test(name) && valuePattern.test(text),
      ),
    );
  }
  if (when.commands?.length) {
    conditions.push(when.commands.some((pattern) => new RegExp(pattern).test(facts.command)));
  }
  if (any) return conditions.some(Boolean);
  return conditions.length > 0 && conditions.every(Boolean);
}

/** Undefined where there are none. */
export function joinHooks(...parts: (RuntimeHooks | undefined)[]): RuntimeHooks | undefined {
  const joined: RuntimeHooks = {};
  for (const part of parts) {
    for (const [stage, hooks] of Object.entries(part ?? {}) as [Stage, RuntimeHook[]][]) {
      joined[stage] = [...(joined[stage] ?? []), ...hooks];
    }
  }
  return Object.keys(joined).length > 0 ? joined : undefined;
}

export function matchingHooks(files: readonly HookFile[], facts: HookFacts): RuntimeHooks | undefined {
  const hooks: RuntimeHooks = {};
  for (const file of files.filter((one) => matches(one, facts))) {
    for (const stage of file.stages) hooks[stage] = [...(hooks[stage] ?? []), file.hook];
  }
  return Object.keys(hooks).length > 0 ? hooks : undefined;
}
