/* How busy the machine is, in percent: CPU_UTIL, MEM_UTIL, NET_UTIL of QCR, MS-WDSMT 2.2.8.4. */
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/host.h"
#include "host/netlink.h"

enum { UNKNOWN = 255 };

static uint8_t percent(uint64_t part, uint64_t whole)
{
	if (whole == 0)
		return UNKNOWN;
	return (uint8_t)(part >= whole ? 100 : part * 100 / whole);
}

static uint8_t load_cpu(struct host_load_state *state)
{
	unsigned long long t[8] = { 0 }; /* user nice system idle iowait irq softirq steal */
	uint64_t busy, all = 0, idle;
	FILE *f = fopen("/proc/stat", "re");
	uint8_t result;
	int n = 0;

	if (f == NULL)
		return UNKNOWN;
	n = fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6],
	           &t[7]);
	fclose(f);
	if (n < 5)
		return UNKNOWN;
	for (int i = 0; i < 8; i++)
		all += t[i];
	idle = t[3] + t[4];
	busy = all - idle;
	result = state->cpu_all == 0 ? UNKNOWN : percent(busy - state->cpu_busy, all - state->cpu_all);
	state->cpu_busy = busy;
	state->cpu_all = all;
	return result;
}

static uint8_t load_memory(void)
{
	unsigned long long total = 0, available = 0;
	FILE *f = fopen("/proc/meminfo", "re");
	char line[128];

	if (f == NULL)
		return UNKNOWN;
	while (fgets(line, sizeof(line), f) != NULL) {
		sscanf(line, "MemTotal: %llu", &total);
		sscanf(line, "MemAvailable: %llu", &available);
	}
	fclose(f);
	return percent(total - available, total);
}

static void take_bytes(void *arg, const struct nlmsghdr *m)
{
	const void *b = netlink_attribute(m, sizeof(struct ifinfomsg), IFLA_STATS64, sizeof(uint64_t) * 4);
	struct rtnl_link_stats64 stats = { 0 };

	if (b == NULL)
		return;
	memcpy(&stats, b, sizeof(uint64_t) * 4); /* rx and tx packets, rx and tx bytes */
	*(uint64_t *)arg = stats.rx_bytes + stats.tx_bytes;
}

static bool ask_bytes(unsigned index, uint64_t *bytes)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg body;
	} q = { .header = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
		            .nlmsg_type = RTM_GETLINK,
		            .nlmsg_flags = NLM_F_REQUEST },
		.body = { .ifi_index = (int)index } };

	*bytes = UINT64_MAX;
	return netlink_ask(&q.header, take_bytes, bytes) && *bytes != UINT64_MAX;
}

/* 0: unknown. */
static uint64_t bits_per_second(const char *interface)
{
	struct ethtool_cmd settings = { .cmd = ETHTOOL_GSET };
	struct ifreq request;
	uint32_t megabits = 0;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return 0;
	memset(&request, 0, sizeof(request));
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	request.ifr_data = (char *)&settings;
	if (ioctl(fd, SIOCETHTOOL, &request) == 0)
		megabits = ethtool_cmd_speed(&settings);
	close(fd);
	return megabits == (uint32_t)SPEED_UNKNOWN ? 0 : megabits * 1000000ull;
}

static uint8_t load_net(struct host_load_state *state, const char *interface)
{
	unsigned index = interface != NULL ? if_nametoindex(interface) : 0;
	ns_t now = host_now(), before = state->at;
	uint64_t bytes, bytes_before = state->net_bytes, speed;

	if (index == 0 || !ask_bytes(index, &bytes))
		return UNKNOWN;
	state->at = now;
	state->net_bytes = bytes;
	speed = bits_per_second(interface);
	if (before == 0 || now <= before || bytes < bytes_before)
		return UNKNOWN;
	return percent((bytes - bytes_before) * 8, speed / 1000 * ((now - before) / NS_PER_US) / 1000);
}

void host_load(struct host_load_state *state, const char *interface, uint8_t *cpu, uint8_t *mem, uint8_t *net)
{
	*cpu = load_cpu(state);
	*mem = load_memory();
	*net = load_net(state, interface);
}
