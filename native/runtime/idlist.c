#include "idlist.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

int id_list_parse(const char *text, unsigned long *mask, size_t bits)
{
	const char *p = text;
	while (*p) {
		char *end;
		if (!isdigit((unsigned char)*p))
			return -1;
		unsigned long first = strtoul(p, &end, 10), last = first;
		if (*end == '-') {
			if (!isdigit((unsigned char)end[1]))
				return -1;
			last = strtoul(end + 1, &end, 10);
		}
		if (last >= bits || first > last || !strchr(", ", *end))
			return -1;
		for (unsigned long id = first; id <= last; id++)
			mask[id / ID_LIST_WORD] |= 1UL << (id % ID_LIST_WORD);
		p = end + strspn(end, ", ");
	}
	return 0;
}
