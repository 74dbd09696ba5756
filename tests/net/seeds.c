#include "net/rig.h"

#define QUERY_6 "8200 0000 2710 0000 00000000000000000000000000000000 02 7d 0000"
#define SOLICIT "8700 0000 00000000 20010db8000000000000000000000005 01 01 020000000009"
#define ADVERTISE "8800 0000 60000000 20010db8000000000000000000000009 02 01 020000000009"
#define ARP_REQUEST_FOR_US "ffffffffffff 020000000009 0806 0001 0800 06 04 0001" \
                           "020000000009 0a000009 000000000000 0a000005"

void rig_make_seeds(struct rig_frame seeds[RIG_SEEDS])
{
	struct ip_addr ip4 = RIG_IP4, group4 = RIG_GROUP4, ip6 = RIG_IP6, group6 = RIG_GROUP6;
	struct ip_addr all4 = group_all_systems, all6 = group_all_nodes, link = rig_ip("fe80::9");
	struct rig_frame whole4 = rig_udp_frame(&ip4, 4000), whole6 = rig_udp_frame(&group6, 4000);

	seeds[0] = rig_udp_frame(&group4, 1385);
	seeds[1] = rig_udp_frame(&ip6, 60);
	seeds[2] = rig_fragment(&whole4, 1, 0, 1480, true);
	seeds[3] = rig_fragment(&whole4, 1, 1480, 1480, true);
	seeds[4] = rig_fragment(&whole4, 1, 2960, 1048, false);
	seeds[RIG_SEED_FRAGMENTS6] = rig_fragment(&whole6, 2, 0, 1448, true);
	seeds[RIG_SEED_FRAGMENTS6 + 1] = rig_fragment(&whole6, 2, 1448, 1448, true);
	seeds[RIG_SEED_FRAGMENTS6 + 2] = rig_fragment(&whole6, 2, 2896, 1112, false);
	seeds[8] = rig_hex(ARP_REQUEST_FOR_US);
	seeds[RIG_SEED_QUERIES] = rig_igmp_frame(all4, "1164 0000 00000000 02 7d 0000");
	seeds[RIG_SEED_QUERIES + 1] = rig_igmp_frame(all4, "1164 0000 00000000");
	seeds[RIG_SEED_QUERIES + 2] = rig_icmp6_frame(link, all6, 1, QUERY_6);
	seeds[RIG_SEED_QUERIES + 3] = rig_icmp6_frame(RIG_PEER6, ip6, 255, SOLICIT);
	seeds[13] = rig_icmp6_frame(RIG_PEER6, ip6, 64, "8000 0000 1234 0001 616263");
	seeds[14] = rig_icmp6_frame(RIG_PEER6, ip6, 255, ADVERTISE);
	seeds[15] = rig_ip4_frame(&ip4, PROTOCOL_ICMP, "\x08\x00\xf7\xff\x00\x00\x00\x00", 8);
}
