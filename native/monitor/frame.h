/* Frames of the attach socket: one byte type, four bytes little-endian length, payload. */
#ifndef CORACLE_MONITOR_FRAME_H
#define CORACLE_MONITOR_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define FRAME_HEADER 5
#define FRAME_PAYLOAD_MAX 65536

static inline void put_u32(unsigned char *p, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(value >> (8 * i));
}

static inline uint32_t get_u32(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline unsigned get_u16(const unsigned char *p)
{
	return (unsigned)p[0] | (unsigned)p[1] << 8;
}

static inline void frame_header(unsigned char header[FRAME_HEADER], char type, size_t length)
{
	header[0] = (unsigned char)type;
	put_u32(header + 1, (uint32_t)length);
}

#endif
