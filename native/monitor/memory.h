/* Memory that was needed to get here and is not to stay. */
#ifndef CORACLE_MONITOR_MEMORY_H
#define CORACLE_MONITOR_MEMORY_H

/*
 * Gives back free heap, and the pages of the program that start-up has touched: they are file-backed and unchanged, and
 * the few that a waiting process needs come back from the page cache.
 */
void memory_give_back(void);

#endif
