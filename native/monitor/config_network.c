/* The key `network` of monitor.json. */
#include <string.h>

#include "config.h"

static int parse_port(json_t *object, struct port *port, struct error *err)
{
	const char *file = "monitor.json: network.ports";
	json_error_t problem;
	if (json_unpack_ex(object, &problem, 0, "{s:s s:i s:i s:s !}", "hostIp", &port->host_ip, "hostPort",
			   &port->host_port, "containerPort", &port->container_port, "protocol", &port->protocol) < 0)
		return config_bad(err, file, problem.text);
	if (port->host_port < 1 || port->host_port > 65535 || port->container_port < 1 || port->container_port > 65535)
		return config_bad(err, file, "a port is outside 1 to 65535");
	if (strcmp(port->protocol, "tcp") != 0 && strcmp(port->protocol, "udp") != 0)
		return config_bad(err, file, "protocol is not one of tcp, udp");
	return 0;
}

static int parse_ports(json_t *array, struct error *err)
{
	if (array && !json_is_array(array))
		return config_bad(err, "monitor.json: network.ports", "it is not an array");
	for (size_t i = 0; i < json_array_size(array); i++) {
		struct port port;
		if (parse_port(json_array_get(array, i), &port, err) < 0)
			return -1;
	}
	return 0;
}

static int parse_bridge(json_t *object, struct bridge_config *bridge, struct error *err)
{
	const char *file = "monitor.json: network.bridge";
	json_error_t problem;
	if (json_unpack_ex(object, &problem, 0, "{s:s s:s s:s s:o s:o !}", "directory", &bridge->directory, "netavark",
			   &bridge->netavark, "aardvark", &bridge->aardvark, "setup", &bridge->setup, "resolve",
			   &bridge->resolve) < 0)
		return config_bad(err, file, problem.text);
	if (!config_is_absolute(bridge->directory) || !config_is_absolute(bridge->netavark) ||
	    !config_is_absolute(bridge->aardvark) || !json_is_object(bridge->setup) || !json_is_array(bridge->resolve))
		return config_bad(err, file, "paths must be absolute, setup an object, resolve an array");
	return 0;
}

int config_parse_network(json_t *object, struct config *config, struct error *err)
{
	const char *file = "monitor.json: network", *mode;
	json_error_t problem;
	json_t *bridge = NULL;
	if (json_unpack_ex(object, &problem, 0, "{s:s s?s s?o s?o s?s s?o !}", "mode", &mode, "program",
			   &config->network_program, "args", &config->network_args, "ports", &config->ports, "address",
			   &config->network_address, "bridge", &bridge) < 0)
		return config_bad(err, file, problem.text);
	if (strcmp(mode, "none") == 0 || strcmp(mode, "host") == 0 || strcmp(mode, "path") == 0)
		return 0;
	if (strcmp(mode, "slirp4netns") == 0)
		config->network = NETWORK_SLIRP;
	else if (strcmp(mode, "pasta") == 0)
		config->network = NETWORK_PASTA;
	else if (strcmp(mode, "bridge") == 0)
		config->network = NETWORK_BRIDGE;
	else
		return config_bad(err, file, "mode is not one of none, host, path, slirp4netns, pasta, bridge");
	if (config->network == NETWORK_BRIDGE && !config->network_address)
		return config_bad(err, file, "a bridge needs an address");
	if (config->network == NETWORK_BRIDGE && parse_bridge(bridge, &config->bridge, err) < 0)
		return -1;
	if (!config_is_absolute(config->network_program) || (config->network_args && !config_is_strings(config->network_args)))
		return config_bad(err, file, "it needs an absolute program and args of strings");
	return parse_ports(config->ports, err);
}

struct port config_port(const struct config *config, size_t index)
{
	struct port port = {0};
	struct error unused;
	parse_port(json_array_get(config->ports, index), &port, &unused);
	return port;
}
