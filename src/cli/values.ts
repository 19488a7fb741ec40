/** What commands need of the pure parsers, so that they import only from cli and engine. */
export { parseLabels } from "../oci/labels.ts";
export { parseSignal } from "../oci/signals.ts";
export { parseInputTime } from "../oci/time.ts";
export { parseDuration } from "../oci/units.ts";
