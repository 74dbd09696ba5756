/* The network of a world: in memory (world_memory.c), or a real interface of the kernel (world_packet.c). */
#ifndef WDSCAST_TESTS_API_WORLD_WIRE_H
#define WDSCAST_TESTS_API_WORLD_WIRE_H

#include "api/world.h"

/*
 * A fresh network with the port of a server, at WORLD_SERVER. client_spec: of a port on it for the client.
 * scripted: the port gets datagrams, those of rig.h. What the calling thread starts until wire_leave() is
 * on the server's side.
 */
struct port *wire_enter(bool scripted, char client_spec[64]);
void wire_leave(void);
/* A consumer gets every so many frames lost, or some, where they cannot be counted; 0: none. */
void wire_lose_one_in(unsigned n);

#endif
