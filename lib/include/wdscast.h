/*
 * wdscast's Linux additions to the Transport Client API: errors of our own calls, which port and
 * cores to use, counters, UTF-8 helpers. Prefix wdscast_.
 */
#ifndef WDSCAST_H
#define WDSCAST_H

#include "wdstci.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WDSCAST_ERR_MAP(X)                                                  \
	X(OK, "success")                                                    \
	X(EINVAL, "an argument is out of range")                            \
	X(ENOMEM, "not enough memory")                                      \
	X(EPERM, "permission denied")                                       \
	X(ENODEV, "no such interface or device")                            \
	X(EBUSY, "in use by another")                                       \
	X(EADDRINUSE, "the UDP port or the socket's path is taken")         \
	X(ENOTSUP, "not supported by this port or build")                   \
	X(ENOROUTE, "no interface leads to that address")                   \
	X(EIO, "the system reported an error")                              \
	X(ESTATE, "not possible in this state")
#define X(name, text) WDSCAST_##name,
enum wdscast_err { WDSCAST_ERR_MAP(X) };
#undef X

/* One line, in English, never NULL. Any thread. */
WDSTCI_EXPORT const char *wdscast_strerror(enum wdscast_err err);

/* The text of a Win32 or WDS code (wdserror.h), in English; never NULL. Any thread. */
WDSTCI_EXPORT const char *wdscast_error_text(DWORD code);

#ifdef __cplusplus
}
#endif

#endif
