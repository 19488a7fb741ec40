// Who may import whom; checked by test/unit/import-rules.test.ts.

// Layers, bottom to top. A folder may import itself and what is listed for it, nothing else.
const mayImport = {
  oci: [],
  host: ["oci"],
  registry: ["host", "oci"],
  storage: ["host", "oci"],
  runtime: ["host", "oci"],
  network: ["host", "oci"],
  engine: ["network", "runtime", "storage", "registry", "host", "oci"],
  cli: ["engine", "host", "oci"],
};

// Each outside package has one owner.
const owners = {
  undici: "^src/registry/",
  "proper-lockfile": "^src/host/lock[.]ts$",
  yaml: "^src/host/config/",
  "@oclif/core": "^(commands|src/cli)/",
};

const layerRules = Object.entries(mayImport).map(([layer, others]) => ({
  name: `layer-${layer}`,
  comment: `src/${layer} may import only: ${[layer, ...others].join(", ")}, errors.ts`,
  severity: "error",
  // The program itself is the one place that knows all commands.
  from: { path: `^src/${layer}/`, pathNot: "^src/cli/main[.]ts$" },
  to: {
    path: "^(src|commands)/",
    pathNot: `^src/(errors[.]ts$|(${[layer, ...others].join("|")})/)`,
  },
}));

const ownerRules = Object.entries(owners).map(([name, owner]) => ({
  name: `owner-${name}`,
  comment: `${name} is used only in ${owner}`,
  severity: "error",
  from: { path: "^(src|commands)/", pathNot: owner },
  to: { path: `(^|/)${name}(/|$)` },
}));

module.exports = {
  forbidden: [
    ...layerRules,
    ...ownerRules,
    {
      name: "commands-stay-thin",
      comment: "a command parses, calls the engine, prints; only the table knows the others",
      severity: "error",
      from: { path: "^commands/", pathNot: "^commands/index[.]ts$" },
      to: { path: "^(src|commands)/", pathNot: "^src/(errors[.]ts$|(cli|engine|oci)/)" },
    },
    {
      name: "oci-is-pure",
      comment: "formats and algorithms only; hashing is the one builtin allowed",
      severity: "error",
      from: { path: "^src/oci/" },
      to: { dependencyTypes: ["core"], pathNot: "^(node:)?crypto$" },
    },
    {
      name: "processes-start-in-host",
      severity: "error",
      from: { path: "^(src|commands)/", pathNot: "^src/host/" },
      to: { path: "^(node:)?child_process$" },
    },
    {
      name: "no-cycles",
      comment: "a type may go round, a value may not",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "no-test-in-product",
      severity: "error",
      from: { path: "^(src|commands)/" },
      to: { path: "^(test|bin)/" },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
  },
};
