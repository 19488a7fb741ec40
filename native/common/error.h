/* Errors: functions that can fail take a struct error and return 0, or -1 with it filled in. */
#ifndef CORACLE_ERROR_H
#define CORACLE_ERROR_H

#define ERROR_CODE_MAX 32
#define ERROR_MESSAGE_MAX 1024

struct error {
	char code[ERROR_CODE_MAX];       /* stable, of PROTOCOL.md */
	char message[ERROR_MESSAGE_MAX]; /* what failed, on what, why */
	int exit_code;                   /* 125 where nothing better is known */
	int errnum;                      /* errno behind it, 0 where there is none */
};

/* Fills in the error and returns -1. */
int error_set(struct error *err, const char *code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same with `: strerror(errno)` appended and errnum set. */
int error_errno(struct error *err, const char *code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Puts words in front of the message: "create container abc: <message>". Returns -1. */
int error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
