/* A pair of interfaces, the server's in a namespace of its own; the client is on af_packet. */
#include "api/world_wire.h"

#include <stdio.h>
#include <stdlib.h>

#include "support/netns.h"

#define FIRST_GROUP_PORT RIG_GROUP_PORT

static pid_t server_side;

/* What the rig listens to on a port that gives a program nothing it did not ask for. */
static void listen_at(struct port *p, uint16_t number)
{
	struct endpoint local = { p->info.ip4, number };

	CU_ASSERT_EQUAL(port_reserve(p, &local), WDSCAST_OK);
}

struct port *wire_enter(bool scripted, char client_spec[64])
{
	struct port_config config = { .spec = scripted ? "kernel:ws" : "af_packet:ws" };
	char why[PORT_WHY_BYTES] = "";
	struct port *p = NULL;

	snprintf(client_spec, 64, "af_packet:wc");
	CU_ASSERT_FATAL(netns_join(server_side));
	if (port_open(&config, &p, why) != WDSCAST_OK)
		fprintf(stderr, "%s\n", why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	if (scripted) {
		listen_at(p, MSI_UDP_PORT);
		listen_at(p, FIRST_GROUP_PORT);
	}
	return p;
}

void wire_leave(void)
{
	CU_ASSERT_FATAL(netns_home());
}

void wire_lose_one_in(unsigned n)
{
	/* A queue that is too short for the server's bursts; how much it drops is the kernel's affair. */
	if (n == 0)
		netns_run_in(server_side, "tc qdisc del dev ws root 2>/dev/null");
	else
		CU_ASSERT(netns_run_in(server_side, "tc qdisc replace dev ws root tbf rate 200mbit burst 4k limit 8k"));
}

static bool make_wire(void)
{
	server_side = netns_hold();
	return server_side > 0 &&
	       netns_run("ip link add name wc type veth peer name ws && ip link set ws netns %d"
	                 " && ip addr add 10.77.0.2/24 dev wc && ip link set wc up", (int)server_side) &&
	       netns_run_in(server_side, "ip addr add 10.77.0.1/24 dev ws") &&
	       netns_run_in(server_side, "ip link set ws up");
}

int world_main(int argc, char **argv, const char *name, const struct suite_test *tests, size_t count)
{
	int result = netns_main_enter(name);

	if (result != 0)
		return result;
	return make_wire() ? suite_main(argc, argv, name, tests, count) : EXIT_FAILURE;
}
