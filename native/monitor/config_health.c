/* `health` of monitor.json. */
#include <limits.h>
#include <string.h>

#include "config.h"

static const char file[] = "monitor.json: health";

static int parse_test(json_t *object, bool startup, struct health_test *test, struct error *err)
{
	json_int_t interval, timeout, retries, successes = 0;
	json_error_t problem;
	if (json_unpack_ex(object, &problem, 0, startup ? "{s:o s:I s:I s:I s:I !}" : "{s:o s:I s:I s:I !}", "command",
			   &test->command, "interval", &interval, "timeout", &timeout, "retries", &retries, "successes",
			   &successes) < 0)
		return config_bad(err, file, problem.text);
	if (!config_is_strings(test->command) || json_array_size(test->command) == 0)
		return config_bad(err, file, "command is not an array of strings");
	if (interval < 0 || timeout < 0 || retries < 0 || retries > INT_MAX || successes < 0 || successes > INT_MAX)
		return config_bad(err, file, "a number is out of range");
	test->interval = interval;
	test->timeout = timeout;
	test->retries = (unsigned)retries;
	test->successes = (unsigned)successes;
	return 0;
}

static int parse_action(const char *name, enum health_action *action, struct error *err)
{
	static const char *const names[] = {"none", "kill", "restart", "stop"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strcmp(name, names[i]) == 0) {
			*action = (enum health_action)i;
			return 0;
		}
	}
	return config_bad(err, file, "onFailure is not one of none, kill, restart, stop");
}

int config_parse_health(json_t *object, struct health_config *health, struct error *err)
{
	json_t *regular, *startup;
	json_int_t start_period, count, size;
	const char *action;
	int no_events = 0;
	json_error_t problem;
	if (!object || json_is_null(object))
		return 0;
	if (json_unpack_ex(object, &problem, 0, "{s:o s:o s:I s:s s:s s:I s:I s?b !}", "check", &regular, "startup", &startup,
			   "startPeriod", &start_period, "onFailure", &action, "log", &health->log_path, "maxLogCount", &count,
			   "maxLogSize", &size, "noEvents", &no_events) < 0)
		return config_bad(err, file, problem.text);
	if (parse_test(regular, false, &health->regular, err) < 0 ||
	    (!json_is_null(startup) && parse_test(startup, true, &health->startup, err) < 0) ||
	    parse_action(action, &health->on_failure, err) < 0)
		return -1;
	if (!config_is_absolute(health->log_path))
		return config_bad(err, file, "log must be absolute");
	if (start_period < 0 || count < 0 || count > INT_MAX || size < 0 || size > INT_MAX)
		return config_bad(err, file, "a number is out of range");
	health->start_period = start_period;
	health->log_count = (unsigned)count;
	health->log_size = (unsigned)size;
	health->no_events = no_events;
	return 0;
}
