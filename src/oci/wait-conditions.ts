/** What Podman knows to wait for; some of it never comes here. */
export const waitConditions = [
  "configured",
  "created",
  "exited",
  "healthy",
  "initialized",
  "paused",
  "removing",
  "running",
  "stopped",
  "stopping",
  "unhealthy",
  "unknown",
];
