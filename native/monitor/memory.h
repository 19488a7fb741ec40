/* Memory that was needed and is not to stay: a monitor waits for most of its life. */
#ifndef CORACLE_MONITOR_MEMORY_H
#define CORACLE_MONITOR_MEMORY_H

/* Nothing has happened for this long: the process is idle. */
#define MEMORY_IDLE_MS 500

/*
 * Gives back free heap, and the program's own pages: they are file-backed and unchanged, and the few that are needed
 * next come back from the page cache. Left alone, every page ever touched would count as ours.
 */
void memory_give_back(void);

#endif
