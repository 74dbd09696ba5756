/*
 * Capabilities of all threads of the process. The kernel has them for each thread, and only a thread itself can give
 * them away: so who else is there is told by a signal, SIGSYS, which the library's threads let through.
 */
#ifndef APP_CAPABILITIES_H
#define APP_CAPABILITIES_H

#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>

#define CAP(name) (1ull << CAP_##name)

/*
 * Of what we have, no more than this: in the calling thread, and, when this returns true, in all others. Nor can
 * programs that they start have any, where we may see to that. False, with errno: some thread kept more.
 */
bool capabilities_keep(uint64_t wanted);

#endif
