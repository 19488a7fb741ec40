import packageJson from "../../package.json" with { type: "json" };

/**
 * Ours, and that of Podman whose commands, flags and output formats ours are: scripts ask for it before they use what a
 * version of Podman brought.
 */
export const { version } = packageJson;
