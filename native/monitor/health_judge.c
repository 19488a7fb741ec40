#include "health.h"

static void judge_startup(const struct health_config *config, struct health_check *check)
{
	struct health_state *state = &check->state;
	if (check->exit_code != 0) {
		state->startup_failures++;
		check->outcome = OUTCOME_STARTING;
		return;
	}
	state->startup_successes++;
	if (state->startup_successes >= config->startup.successes)
		state->starting_up = false;
}

/* As Podman does: one success makes a container healthy at any time; failures count once it has had its time to start. */
void health_judge(const struct health_config *config, struct health_check *check, bool early)
{
	struct health_state *state = &check->state;
	bool startup = state->starting_up;
	check->outcome = check->exit_code == 0 ? OUTCOME_HEALTHY : OUTCOME_UNHEALTHY;
	if (startup)
		judge_startup(config, check);
	if (check->exit_code == 0) {
		state->status = HEALTH_HEALTHY;
		state->streak = 0;
	} else if (!startup && !early) {
		state->streak++;
		if (state->streak >= config->regular.retries)
			state->status = HEALTH_UNHEALTHY;
	}
	if (check->exit_code < 0)
		check->outcome = OUTCOME_TIMEOUT;
}
