/** What commands need of the pure parsers, so that they import only from cli and engine. */
export { parseSignal } from "../oci/signals.ts";
export { parseDuration } from "../oci/units.ts";
