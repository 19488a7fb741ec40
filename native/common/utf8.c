#include "utf8.h"

int utf8_length(const char *data, size_t length)
{
	unsigned char c = (unsigned char)data[0];
	int need = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
	for (int i = 1; i < need; i++) {
		if ((size_t)i >= length)
			return -1;
		unsigned char next = (unsigned char)data[i];
		/* Overlong forms, surrogates and what is beyond U+10FFFF show in the second byte. */
		unsigned char low = i > 1 ? 0x80 : c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
		unsigned char high = i > 1 ? 0xbf : c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
		if (next < low || next > high)
			return 0;
	}
	return need;
}
