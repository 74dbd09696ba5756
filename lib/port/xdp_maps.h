/* What the XDP program and the port that loads it both know: the keys and sizes of the maps. */
#ifndef WDSCAST_PORT_XDP_MAPS_H
#define WDSCAST_PORT_XDP_MAPS_H

#define XDP_PROGRAM_NAME "wdscast_xdp" /* 15 characters at most */
#define XDP_QUEUES_MAX 64
#define XDP_DESTINATIONS_MAX 512

/* A UDP destination, in network byte order; what is unused is zero. */
struct xdp_destination {
	unsigned char ip[16];
	unsigned short port;
	unsigned char family; /* 4 or 6 */
	unsigned char unused;
};

#endif
