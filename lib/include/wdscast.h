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

/* ---- text ---- */

/*
 * UTF-8 to UTF-16 and back, both NUL-terminated. Returns the units (bytes) that the whole result needs,
 * its NUL included, and writes it only when that is at most `max`; so a first call may ask with max 0 and
 * out NULL. 0: the text is NULL or not valid. Any thread.
 */
WDSTCI_EXPORT size_t wdscast_utf16(const char *utf8, char16_t *out, size_t max);
WDSTCI_EXPORT size_t wdscast_utf8(const char16_t *utf16, char *out, size_t max);

/*
 * What the last function of wdstci.h or of this header that failed on this thread has to say beyond its
 * code, in one line: which interface, which limit. In SessionComplete: why the session failed. "" when
 * there is nothing to add. Valid until the thread's next call.
 */
WDSTCI_EXPORT const char *wdscast_last_error_text(void);

/* ---- configuration ---- */

/*
 * All of it may be left zero. What is not given here is taken from the environment (the name in brackets),
 * then from the file that WDSCAST_CONF names or else /etc/wdscast.conf (lines of `name = value`, the
 * names being those below without _ms and _bytes; # begins a comment), then from the default. There and in
 * the environment times are in seconds, and sizes may end in K, M, G or T.
 */
struct wdscast_options {
	uint32_t size;                  /* sizeof(struct wdscast_options): lets it grow */
	uint32_t initiate_timeout_ms;   /* for the server's answer; 0: 30000 [WDSCAST_INITIATE_TIMEOUT] */
	uint32_t inactivity_timeout_ms; /* of silence in a session; 0: 30000 [WDSCAST_INACTIVITY_TIMEOUT] */
	uint32_t workers;               /* that receive, each on a queue of its own; 0: 1 [WDSCAST_WORKERS] */
	uint64_t memory_bytes;          /* limit for what sessions hold together; 0: 4 GiB [WDSCAST_MEMORY] */
	const char *port;               /* SPEC of the port, doc/ports.md; NULL: "auto" [WDSCAST_PORT] */
	const char *ip;                 /* ours, ADDRESS[/PREFIX], for ports without a kernel [WDSCAST_IP] */
	const char *gateway;            /* [WDSCAST_GATEWAY] */
	const char *cores;              /* "2" or "2,4-6": the first is the first worker's [WDSCAST_CORES] */
	const char *poll;               /* "busy" or "adaptive"; NULL: as the port and the cores suggest [WDSCAST_POLL] */
	/*
	 * Files, doc/security.md. They are read by WdsTransportClientInitialize(), and all sessions are protected
	 * by them, or fail against a server that has not the same.
	 */
	const char *key;                /* shared with the server, readable by its owner alone; "FILE,reading=B": the
	                                   other way to hash (doc/security.md) [WDSCAST_KEY] */
	const char *verify_key;         /* of the server's signatures; goes with key [WDSCAST_VERIFY_KEY] */
	const char *exception;          /* "tap": ports without a kernel pass to it what is not ours; "none" or NULL:
	                                 * they drop it [WDSCAST_EXCEPTION] */
	uint32_t stall_timeout_ms;      /* of a server that is there but sends no data, as when it waits for another
	                                   receiver; 0: 1800000. No less than inactivity_timeout_ms is meant
	                                   [WDSCAST_STALL_TIMEOUT] */
	uint32_t reserved;              /* 0 */
	/*
	 * Called when a port is open, before anything is read from it: by StartSession on its caller's thread, with the
	 * SPEC of what `auto` has chosen. A program may give up here what it needed to open ports; threads that receive
	 * begin after it. Calls of this header and wdstci.h from within it are not permitted. NULL: none.
	 */
	void (*on_port)(const char *spec);
};

/*
 * To be called before the first WdsTransportClientInitialize(), or after the last Shutdown; replaces what
 * an earlier call said. The strings are copied. A size of an earlier version's struct is taken too.
 * @return WDSCAST_OK; WDSCAST_EINVAL, a member of o (wdscast_last_error_text() tells which);
 *         WDSCAST_ESTATE, the client is initialized.
 */
WDSTCI_EXPORT enum wdscast_err wdscast_configure(const struct wdscast_options *o);

/* ---- ports ---- */

/* One way to receive on this machine: a SPEC that --port, wdscast_options.port and WDSCAST_PORT take. */
struct wdscast_port_way {
	char spec[64];
	char what[128];    /* what it is: one line */
	char missing[160]; /* what must be done first, one line; "" when nothing */
	uint32_t usable;   /* 1: nothing is missing */
};

/*
 * Every interface and network card of the machine with the ways to use it. Nothing is opened or changed.
 * Any thread, also before Initialize.
 * @param out  Gets the first `max`; NULL with max 0 to ask for the number alone.
 * @return How many there are, which may be more than max.
 */
WDSTCI_EXPORT uint32_t wdscast_list_ports(struct wdscast_port_way *out, uint32_t max);

/* ---- delivery ---- */

/*
 * Blocks that follow each other, in the content and in the cache, are delivered together: one call of
 * ReceiveContents for up to so many bytes, but at least one block. CompleteReceive, AddRefBuffer and
 * ReleaseBuffer take such a run whole, by the offset, size and address it was delivered with. It costs a
 * small part of what delivery block by block does. Before StartSession; 0: block by block, as without it.
 * @return ERROR_SUCCESS; ERROR_INVALID_HANDLE; WDSTPC_E_NOT_INITIALIZED; WDSTPC_E_ALREADY_IN_PROGRESS;
 *         WDSTPC_E_ALREADY_COMPLETED.
 */
WDSTCI_EXPORT DWORD wdscast_set_run_bytes(HANDLE session, uint32_t bytes);

/* ---- counters ---- */

/*
 * The books balance. A packet of data that a session's server sent was accepted (odata, rdata) or is missing
 * (lost_seq_nos). Missing ones were lost
 *   by the ring:     rx_missed, and handed_dropped between workers
 *   by the buffers:  rx_no_buffer
 *   as fragments:    reassembly_timeouts, reassembly_evicted, bad_fragment
 *   as wrong:        malformed, wrong_security, unverified; runt, bad_ip, bad_udp, oversize
 *   on the wire:     lost_on_wire, which is what is left
 * and accepted ones lie in the cache or were delivered (blocks), were there before (duplicates), made no sense
 * (bad_payload) or had no room, for the disk is slow (refused_no_room). What the kernel glued is one frame: where it
 * drops such a train, the ring has one and the wire the rest.
 */

/* All of one session, from its start. */
#define WDSCAST_SESSION_COUNTERS(X)                                                     \
	X(blocks, "blocks that lie in the cache or were delivered")                     \
	X(bytes, "their bytes")                                                         \
	X(wanted_blocks, "blocks wanted in all")                                        \
	X(odata, "ODATA packets accepted")                                              \
	X(rdata, "RDATA packets accepted")                                              \
	X(duplicates, "data packets whose block was there already")                     \
	X(repaired_blocks, "blocks that came again: as RDATA or in a later pass")       \
	X(refused_no_room, "data packets refused because the consumer's cache was full") \
	X(lost_seq_nos, "packets found missing when a later one came")                  \
	X(nacks, "NACKs sent")                                                          \
	X(zero_nacks, "NACKs sent because the cache was full")                          \
	X(acks, "ACKs sent")                                                            \
	X(pollacks, "POLLACKs sent")                                                    \
	X(qcrs, "QCRs sent")                                                            \
	X(joins, "JOINs sent")                                                          \
	X(requests, "initiation requests sent")                                         \
	X(malformed, "datagrams that could not be read")                                \
	X(wrong_security, "packets with another security header than the session's")    \
	X(unverified, "packets whose checksum, hash or signature is wrong")             \
	X(wrong_state, "packets that have no meaning in the session's state")           \
	X(wrong_sender, "packets from another address than the server's")               \
	X(wrong_session, "packets of another session")                                  \
	X(wrong_opcode, "packets that only clients send")                               \
	X(stale, "packets that came too late to matter")                                \
	X(bad_payload, "packets whose application data makes no sense")                 \
	X(unsent, "packets of ours that the port did not take")                         \
	X(unproven, "answers to our requests without the proof of the server's key")      \
	X(by_multicast, "datagrams that came by multicast")                             \
	X(joinacks, "answers to JOIN packets")                                          \
	X(lost_on_wire, "of the missing packets those that no other counter explains")  \
	X(slots_used, "blocks that the cache holds now")

/* The port of a session: shared by all sessions on it. */
#define WDSCAST_PORT_COUNTERS(X)                                             \
	X(rx_frames, "frames received")                                      \
	X(rx_bytes, "their bytes")                                           \
	X(rx_missed, "frames lost because the ring was full")                \
	X(tx_frames, "frames sent")                                          \
	X(tx_bytes, "their bytes")                                           \
	X(tx_dropped, "frames that could not be sent")                       \
	X(datagrams, "UDP datagrams received")                               \
	X(no_session, "datagrams for no session of ours")                    \
	X(turns, "turns of the worker")                                      \
	X(idle_turns, "turns that found nothing to do")                      \
	X(tx_full, "datagrams dropped because the wire took no more")        \
	X(no_path, "datagrams dropped for want of a route or of a neighbour") \
	X(fragments, "fragments kept until the rest came")                   \
	X(reassembled, "datagrams made whole of fragments")                  \
	X(reassembly_timeouts, "... given up because one never came")        \
	X(reassembly_evicted, "... or because newer ones filled the table")  \
	X(own, "our own frames that came back")                              \
	X(runt, "frames shorter than their headers claim")                   \
	X(bad_ip, "frames with a bad IP header")                             \
	X(bad_udp, "datagrams with a bad UDP length or checksum")            \
	X(bad_fragment, "fragments that overlap or contradict others")       \
	X(other_vlan, "frames of another VLAN")                              \
	X(other_host, "frames for others")                                   \
	X(other_protocol, "frames of protocols that are not ours")           \
	X(oversize, "frames longer than the MTU: joined by their sender")    \
	X(handled, "frames of ARP, ND, IGMP, MLD and echo")                  \
	X(conflicts, "times that another machine claimed our address")               \
	X(to_kernel, "frames passed to the kernel by the exception tap")     \
	X(from_kernel, "frames that it sent by the tap")                     \
	X(handed, "datagrams that one worker read for another's session")    \
	X(handed_dropped, "... and dropped, because that one was too slow")  \
	X(rx_no_buffer, "frames lost because there was no buffer for them")  \
	X(tap_dropped, "frames that the tap did not take: the kernel's, not ours") \
	X(buffers_used, "buffers that hold a frame now")

#define X(name, text) uint64_t name;
struct wdscast_session_counters {
	uint32_t size, reserved; /* size: to be set to sizeof() by the caller, of whatever version */
	WDSCAST_SESSION_COUNTERS(X)
};
struct wdscast_port_counters {
	uint32_t size, reserved; /* size: to be set to sizeof() by the caller, of whatever version */
	WDSCAST_PORT_COUNTERS(X)
};
#undef X

/*
 * Read counters of a session that is not closed, or of the port it runs on. They are renewed some times a
 * second, and a last time before SessionComplete. Any thread.
 * @return ERROR_SUCCESS; ERROR_INVALID_HANDLE; ERROR_INVALID_PARAMETER, out or its size;
 *         ERROR_NOT_READY, the session was not started; WDSTPC_E_NOT_INITIALIZED.
 */
WDSTCI_EXPORT DWORD wdscast_read_session_counters(HANDLE session, struct wdscast_session_counters *out);
WDSTCI_EXPORT DWORD wdscast_read_port_counters(HANDLE session, struct wdscast_port_counters *out);

/* Which content a session carries, as far as the server tells. */
#define WDSCAST_STAMP_BYTES 16
struct wdscast_content_identity {
	uint32_t size;       /* to be set to sizeof() by the caller */
	uint32_t session_id; /* of one session of the server: while it lasts, its content is the same */
	uint32_t has_stamp;  /* 1: stamp is there, for the server is a wdscast */
	uint32_t reserved;
	uint8_t stamp[WDSCAST_STAMP_BYTES]; /* two contents have different ones, whatever their names */
};

/*
 * Tells whether what a session carries is what another one carried, under whatever name: for those who go on
 * with what they have, by NegotiateRequiredDataRange(). The stamp is an extension of initiation over UDP; it
 * is asked for when a SessionNegotiate callback is registered, and other servers do not know it. From
 * SessionNegotiate on. Any thread.
 * @return as above; ERROR_NOT_READY, also when the server has not answered yet.
 */
WDSTCI_EXPORT DWORD wdscast_read_content_identity(HANDLE session, struct wdscast_content_identity *out);

/*
 * What a session waits for when it has got nothing new for some seconds, as one line for people: that nobody
 * answers, that nothing comes by multicast, that the server sends nothing or what others miss, that the consumer
 * holds all room. "" when it waits for nothing. The session's own limits end it later: initiate_timeout,
 * inactivity_timeout, stall_timeout; a consumer may take as long as it likes. Written and returned as below.
 * Any thread.
 */
WDSTCI_EXPORT DWORD wdscast_describe_wait(HANDLE session, char *out, size_t max);

/*
 * What the port of a started session is, as one line for people: "af_packet:eth0 (net_af_packet): ...".
 * Written into out, NUL-terminated, cut to max bytes. Same codes as above.
 */
WDSTCI_EXPORT DWORD wdscast_describe_port(HANDLE session, char *out, size_t max);

#ifdef __cplusplus
}
#endif

#endif
