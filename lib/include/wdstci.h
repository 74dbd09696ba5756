/**
 * @file
 * The Windows Deployment Services Transport Client API for Linux: receive an object from a WDS multicast
 * server, block by block, through callbacks. Names, values and layouts are those of Windows' newest header
 * (the one with SessionNegotiate). Section numbers below are those of the API's fact sheet.
 *
 * Compiles alone, as C11 or later and as C++11 or later. Link with `pkg-config --libs wdstci`. Codes are
 * named in wdserror.h; wdscast.h adds what Linux needs: ports, cores, counters, UTF-8.
 *
 * A session's life (7.1):
 *
 *     Initialize
 *       InitializeSession                    a handle; nothing is sent yet
 *       RegisterCallback x 3 .. 6
 *       StartSession                         returns at once
 *           [SessionNegotiate]               byte ranges may be asked for
 *           SessionStart, SessionStartEx     once, before content
 *           ReceiveContents x n              offsets in any order; each answered by one CompleteReceive
 *           SessionComplete                  exactly once, last, always; may be the only one
 *       WaitForCompletion, QueryStatus       optional
 *       CloseSession
 *     Shutdown
 *
 * Threads (10). Every function may be called from any thread. Callbacks run on a thread of the session's own,
 * never two of a session at once; those of different sessions overlap. No lock of the library is held while a
 * callback runs, and a callback that blocks holds up its own session only. Inside a callback all functions
 * may be called, of this session and of others, but these three, which return ERROR_POSSIBLE_DEADLOCK at once:
 * WaitForCompletion, Initialize, Shutdown. WaitForCompletion for another session is among them, for two
 * sessions whose callbacks wait for each other's end would wait for ever; QueryStatus tells how it is doing.
 *
 * Misuse returns an error and changes nothing. Handles are numbers with a generation, never followed as
 * pointers: NULL, stale, closed and foreign ones are told from good ones. At most 1024 sessions at a time.
 *
 * What the API's documentation leaves open, as it is here (15):
 *
 *   1  SESSION_START or SESSION_STARTEX is enough, beside RECEIVE_CONTENTS and SESSION_COMPLETE. If both
 *      are registered both are called, first SessionStart.
 *   2  Cancel before StartSession succeeds; StartSession then returns ERROR_CANCELLED, and no callback comes.
 *   3  Cancel a second time, or after the end, returns ERROR_SUCCESS and has no effect. The first code counts.
 *   4  Of success and cancel whichever is decided first; SessionComplete and QueryStatus agree.
 *   5  ulCacheSize 0 (WDS_TRANSPORTCLIENT_NO_CACHE) is the protocol's default, 2 MiB.
 *   6  QueryStatus before StartSession: IN_PROGRESS, code ERROR_SUCCESS.
 *   7  WaitForCompletion that times out returns WAIT_TIMEOUT (258).
 *   8  WaitForCompletion before StartSession returns ERROR_INVALID_PARAMETER at once.
 *   9  WaitForCompletion inside a callback, of whatever session, returns ERROR_POSSIBLE_DEADLOCK at once.
 *   10 Shutdown cancels what runs, waits for each SessionComplete, frees all. In a callback: an error.
 *   11 Initialize is counted; the last Shutdown tears down.
 *   12 What Info, ullFileSize and pullContentOffset point to is valid until the callback returns.
 *   13 A block's memory stays until its callback returned and CompleteReceive was called (or the session is
 *      over and closed) and all references that were added are released.
 *   14 An empty object: SessionStart with 0, no ReceiveContents, SessionComplete with ERROR_SUCCESS.
 *   15 ulLength smaller than the structure: ERROR_INVALID_PARAMETER. Larger: accepted, the tail is ignored.
 *   16 ulApiVersion other than 1: ERROR_INVALID_PARAMETER.
 *   17 pvProtocolData other than NULL: ERROR_INVALID_PARAMETER.
 *   18 Another ulAuthLevel or ulProtocol than those below: ERROR_INVALID_PARAMETER.
 *   19 SessionStart comes as soon as the size is known, that is with the server's answer; a session that
 *      waits for a scheduled start stays IN_PROGRESS.
 */
#ifndef WDSTCI_H
#define WDSTCI_H

#include <stddef.h>
#include <stdint.h>
#ifndef __cplusplus
#include <uchar.h>
#endif

#ifdef __cplusplus
#define WDSTCI_ASSERT(condition, text) static_assert(condition, text)
#else
#define WDSTCI_ASSERT(condition, text) _Static_assert(condition, text)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Windows' types (2). A program that has them already, from some other Windows header for Linux, defines
 * _WINDEF_ before it includes this one; the assertions below tell whether they fit.
 */
#ifndef _WINDEF_
/** Unsigned, 32 bits: never Linux' unsigned long. */
typedef uint32_t ULONG, *PULONG;
/** Unsigned, 32 bits. As a result: ERROR_SUCCESS (0) or a code of wdserror.h. */
typedef uint32_t DWORD;
/** Of the size of a pointer, opaque, not to be followed. */
typedef void *HANDLE, **PHANDLE;
typedef void *PVOID;
#ifndef VOID
#define VOID void
#endif
/** UTF-16 in the machine's byte order, NUL-terminated: u"text". Not wchar_t, which has 32 bits here. */
typedef const char16_t *LPCWSTR;
/** 64 bits, unsigned; QuadPart is the whole. */
typedef union _ULARGE_INTEGER {
#if defined(__GNUC__)
	__extension__ struct {
		DWORD LowPart;
		DWORD HighPart;
	};
#endif
	struct {
		DWORD LowPart;  /**< the lower 32 bits */
		DWORD HighPart; /**< the upper 32 bits */
	} u;
	uint64_t QuadPart;      /**< all 64 bits */
} ULARGE_INTEGER, *PULARGE_INTEGER;
#ifndef INFINITE
/** A timeout that never ends. */
#define INFINITE 0xFFFFFFFFu
#endif
#ifndef CALLBACK
/** The calling convention of callbacks: the C compiler's own. */
#define CALLBACK
#endif
#endif /* _WINDEF_ */

/** The calling convention of functions: the C compiler's own. */
#define WDSTCIAPI
#if defined(__GNUC__)
#define WDSTCI_EXPORT __attribute__((visibility("default")))
#else
#define WDSTCI_EXPORT
#endif

/* ---- constants (3) ---- */

/** For ulApiVersion. The second spelling is the reference page's; no Windows header has it. */
#define WDS_TRANSPORTCLIENT_CURRENT_API_VERSION 1
#define WDS_TRANSPORT_CLIENT_CURRENT_API_VERSION 1
/** For ulProtocol: the only one. */
#define WDS_TRANSPORTCLIENT_PROTOCOL_MULTICAST 0x00000001
/**
 * For ulAuthLevel. AUTH would send who the user is; this library speaks the unauthenticated UDP form of the
 * initiation protocol, so both values are accepted and send nothing. The server has to allow such requests.
 */
#define WDS_TRANSPORTCLIENT_AUTH 0x1
/** For ulAuthLevel: nothing about the user is sent. */
#define WDS_TRANSPORTCLIENT_NO_AUTH 0x2
/** For ulCacheSize: the protocol's default, 2 MiB (15, 5). */
#define WDS_TRANSPORTCLIENT_NO_CACHE 0
/** Of QueryStatus: not decided yet. */
#define WDS_TRANSPORTCLIENT_STATUS_IN_PROGRESS 0x0001
/** Of QueryStatus: everything that was wanted has been received. */
#define WDS_TRANSPORTCLIENT_STATUS_SUCCESS 0x0002
/** Of QueryStatus: it failed or was cancelled; the error code says why. */
#define WDS_TRANSPORTCLIENT_STATUS_FAILURE 0x0003

/** Which callback RegisterCallback() registers (3). */
typedef enum _TRANSPORTCLIENT_CALLBACK_ID {
	WDS_TRANSPORTCLIENT_SESSION_START = 0,     /**< required, this or STARTEX */
	WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS = 1,  /**< required */
	WDS_TRANSPORTCLIENT_SESSION_COMPLETE = 2,  /**< required */
	WDS_TRANSPORTCLIENT_RECEIVE_METADATA = 3,  /**< optional */
	WDS_TRANSPORTCLIENT_SESSION_STARTEX = 4,   /**< required, this or START */
	WDS_TRANSPORTCLIENT_SESSION_NEGOTIATE = 5, /**< optional */
	WDS_TRANSPORTCLIENT_MAX_CALLBACKS = 6      /**< their number; no id */
} TRANSPORTCLIENT_CALLBACK_ID, *PTRANSPORTCLIENT_CALLBACK_ID;

/* ---- structures (4) ---- */

/**
 * What InitializeSession() is to set up (4.1). It and its strings are copied: they need not outlive the call.
 * Set all of it to zero first.
 */
typedef struct _WDS_TRANSPORTCLIENT_REQUEST {
	ULONG ulLength;             /**< sizeof(WDS_TRANSPORTCLIENT_REQUEST), bytes; larger is accepted */
	ULONG ulApiVersion;         /**< WDS_TRANSPORTCLIENT_CURRENT_API_VERSION */
	ULONG ulAuthLevel;          /**< WDS_TRANSPORTCLIENT_AUTH or _NO_AUTH */
	LPCWSTR pwszServer;         /**< host name or address: "host", "host:port", "[v6]:port", a bare IPv6
	                                 address; at most 254 bytes of UTF-8. Default port: 5041 */
	LPCWSTR pwszNamespace;      /**< the namespace that holds the object; 1 to 511 UTF-16 units */
	LPCWSTR pwszObjectName;     /**< the object, as the server's content provider names it; 1 to 511 units */
	ULONG ulCacheSize;          /**< bytes handed out and not yet completed, at most (8.2). Rounded down to
	                                 whole blocks, but at least one block. 0: 2 MiB */
	ULONG ulProtocol;           /**< WDS_TRANSPORTCLIENT_PROTOCOL_MULTICAST */
	PVOID pvProtocolData;       /**< NULL */
	ULONG ulProtocolDataLength; /**< 0; not looked at */
} WDS_TRANSPORTCLIENT_REQUEST, *PWDS_TRANSPORTCLIENT_REQUEST;

/** What SessionStartEx and SessionNegotiate are told (4.2). */
typedef struct _TRANSPORTCLIENT_SESSION_INFO {
	ULONG ulStructureLength;    /**< bytes of this structure */
	ULARGE_INTEGER ullFileSize; /**< bytes of the whole object, whatever ranges are asked for */
	ULONG ulBlockSize;          /**< bytes of a block; the object's last one may be shorter */
} TRANSPORTCLIENT_SESSION_INFO, *PTRANSPORTCLIENT_SESSION_INFO;

/* ---- callbacks (5) ---- */

/**
 * @name Callbacks
 * All have `hSessionKey`, the handle that InitializeSession() gave out, and `pCallerData`, the pointer that
 * it was given, untouched. What pointers point to belongs to the library, must not be modified, and is valid
 * until the callback returns; for how long pContents is: see ReceiveContents.
 * @{
 */

/**
 * The size is known; content comes next (5.1). Once, or never when the session fails before.
 * @param ullFileSize  Points to the bytes of the whole object.
 */
typedef VOID(CALLBACK *PFN_WdsTransportClientSessionStart)(HANDLE hSessionKey, PVOID pCallerData,
                                                           PULARGE_INTEGER ullFileSize);

/** The same event, with the size of a block beside that of the object (5.2). After SessionStart, if both. */
typedef VOID(CALLBACK *PFN_WdsTransportClientSessionStartEx)(HANDLE hSessionKey, PVOID pCallerData,
                                                             PTRANSPORTCLIENT_SESSION_INFO Info);

/**
 * What the server's content provider attached to the object (5.3). It may be registered, but is not called:
 * the metadata travel in the authenticated form of the initiation protocol (RPC), and the UDP form, which is
 * the only one here, has no field for them. So a consumer must never wait for this callback. On its side
 * wdscast keeps OBJECT.wdsmeta beside an object for a carrier that has room: with UDP nobody gets its content.
 * @param pMetadata  The bytes.
 * @param ulSize     How many.
 */
typedef VOID(CALLBACK *PFN_WdsTransportClientReceiveMetadata)(HANDLE hSessionKey, PVOID pCallerData,
                                                              PVOID pMetadata, ULONG ulSize);

/**
 * One block of the object (5.4). Each byte that is wanted comes exactly once in a session that succeeds, but
 * in any order: write at the offset. May block, on a disk for instance; that slows the session down.
 * Exactly one CompleteReceive() with the same size and offset is to follow, from in here or later, from any
 * thread; without it the session stalls when ulCacheSize bytes are outstanding (8.2).
 * @param pContents          The bytes. They stay until the callback returned, the block was completed, and
 *                           all references of AddRefBuffer() were released (15, 13).
 * @param ulSize             How many: ulBlockSize, or fewer in the object's last block.
 * @param pullContentOffset  Points to the block's offset in the object, bytes. To be copied for later use.
 */
typedef VOID(CALLBACK *PFN_WdsTransportClientReceiveContents)(HANDLE hSessionKey, PVOID pCallerData,
                                                              PVOID pContents, ULONG ulSize,
                                                              PULARGE_INTEGER pullContentOffset);

/**
 * The session is over, and no callback follows (5.5, 9). Exactly once for each session whose StartSession()
 * returned ERROR_SUCCESS, cancelled ones too. It comes after the last ReceiveContents returned; blocks that
 * are outstanding may still be completed. wdscast_last_error_text() in here tells more about a failure.
 * @param dwError  ERROR_SUCCESS; ERROR_CANCELLED, or the code of CancelSessionEx(); ERROR_TIMEOUT, the
 *                 server did not answer or fell silent; WDSTPC_E_KICKED_*, the server sent us away;
 *                 ERROR_NOT_ENOUGH_MEMORY, the cache does not fit the limit for all sessions;
 *                 ERROR_INVALID_DATA, the server's answer makes no sense; or the code with which the server
 *                 refused, as it came, such as WDSMCS_E_CONTENT_NOT_FOUND.
 */
typedef VOID(CALLBACK *PFN_WdsTransportClientSessionComplete)(HANDLE hSessionKey, PVOID pCallerData,
                                                              DWORD dwError);

/**
 * The sizes are known and nothing is asked for yet (5.6): ranges may be named, with
 * NegotiateRequiredDataRange(). Without any the whole object is wanted. Before SessionStart, once.
 * @param pInfo          As for SessionStartEx.
 * @param hNegotiateKey  For NegotiateRequiredDataRange(); valid until the callback returns.
 */
typedef VOID(CALLBACK *PFN_WdsTransportClientSessionNegotiate)(HANDLE hSessionKey, PVOID pCallerData,
                                                               PTRANSPORTCLIENT_SESSION_INFO pInfo,
                                                               HANDLE hNegotiateKey);
/** @} */

/** One of each callback (4.3). No function takes it: for programs that keep theirs so. */
typedef struct _WDS_TRANSPORTCLIENT_CALLBACKS {
	PFN_WdsTransportClientSessionStart SessionStart;
	PFN_WdsTransportClientSessionStartEx SessionStartEx;
	PFN_WdsTransportClientReceiveContents ReceiveContents;
	PFN_WdsTransportClientReceiveMetadata ReceiveMetadata;
	PFN_WdsTransportClientSessionComplete SessionComplete;
	PFN_WdsTransportClientSessionNegotiate SessionNegotiate;
} WDS_TRANSPORTCLIENT_CALLBACKS, *PWDS_TRANSPORTCLIENT_CALLBACKS;

/* ---- layouts (4) ---- */

#define WDSTCI_AT(type, member, offset) \
	WDSTCI_ASSERT(offsetof(type, member) == (offset), #type "." #member " is where Windows has it")
#define WDSTCI_PTR(n) ((n) * sizeof(void *)) /* n pointers; what else is in a structure has 4 or 8 bytes */

WDSTCI_ASSERT(sizeof(ULONG) == 4 && sizeof(DWORD) == 4, "ULONG and DWORD have 32 bits");
WDSTCI_ASSERT(sizeof(HANDLE) == sizeof(void *) && sizeof(PVOID) == sizeof(void *), "handles are as large as pointers");
WDSTCI_ASSERT(sizeof(char16_t) == 2, "UTF-16 has units of 16 bits");
WDSTCI_ASSERT(sizeof(TRANSPORTCLIENT_CALLBACK_ID) == 4, "an enumeration has 32 bits");
WDSTCI_ASSERT(sizeof(ULARGE_INTEGER) == 8, "ULARGE_INTEGER has 64 bits");
WDSTCI_AT(ULARGE_INTEGER, QuadPart, 0);
WDSTCI_AT(ULARGE_INTEGER, u.LowPart, 0);
WDSTCI_AT(ULARGE_INTEGER, u.HighPart, 4);
WDSTCI_AT(WDS_TRANSPORTCLIENT_REQUEST, ulLength, 0);
WDSTCI_AT(WDS_TRANSPORTCLIENT_REQUEST, ulApiVersion, 4);
WDSTCI_AT(WDS_TRANSPORTCLIENT_REQUEST, ulAuthLevel, 8);
#if UINTPTR_MAX > 0xFFFFFFFFu
WDSTCI_AT(WDS_TRANSPORTCLIENT_REQUEST, pwszServer, 16);
WDSTCI_AT(WDS_TRANSPORTCLIENT_REQUEST, pwszNamespace, 24);
WDSTCI_AT(WDS_TRANSPORTCLIENT_REQUEST, pwszObjectName, 32);
WDSTCI_AT(WDS_TRANSPORTCLIENT_REQUEST, ulCacheSize, 40);
WDSTCI_AT(WDS_TRANSPORTCLIENT_REQUEST, ulProtocol, 44);
WDSTCI_AT(WDS_TRANSPORTCLIENT_REQUEST, pvProtocolData, 48);
WDSTCI_AT(WDS_TRANSPORTCLIENT_REQUEST, ulProtocolDataLength, 56);
WDSTCI_ASSERT(sizeof(WDS_TRANSPORTCLIENT_REQUEST) == 64, "the request has 64 bytes");
#else
WDSTCI_AT(WDS_TRANSPORTCLIENT_REQUEST, pwszServer, 12);
WDSTCI_AT(WDS_TRANSPORTCLIENT_REQUEST, pwszNamespace, 16);
WDSTCI_AT(WDS_TRANSPORTCLIENT_REQUEST, pwszObjectName, 20);
WDSTCI_AT(WDS_TRANSPORTCLIENT_REQUEST, ulCacheSize, 24);
WDSTCI_AT(WDS_TRANSPORTCLIENT_REQUEST, ulProtocol, 28);
WDSTCI_AT(WDS_TRANSPORTCLIENT_REQUEST, pvProtocolData, 32);
WDSTCI_AT(WDS_TRANSPORTCLIENT_REQUEST, ulProtocolDataLength, 36);
WDSTCI_ASSERT(sizeof(WDS_TRANSPORTCLIENT_REQUEST) == 40, "the request has 40 bytes");
#endif
WDSTCI_AT(TRANSPORTCLIENT_SESSION_INFO, ulStructureLength, 0);
#if UINTPTR_MAX > 0xFFFFFFFFu /* where 64 bits are aligned to 8 bytes, as Windows has them everywhere */
WDSTCI_AT(TRANSPORTCLIENT_SESSION_INFO, ullFileSize, 8);
WDSTCI_AT(TRANSPORTCLIENT_SESSION_INFO, ulBlockSize, 16);
WDSTCI_ASSERT(sizeof(TRANSPORTCLIENT_SESSION_INFO) == 24, "the session's information has 24 bytes");
#endif
WDSTCI_AT(WDS_TRANSPORTCLIENT_CALLBACKS, SessionStart, 0);
WDSTCI_AT(WDS_TRANSPORTCLIENT_CALLBACKS, SessionStartEx, WDSTCI_PTR(1));
WDSTCI_AT(WDS_TRANSPORTCLIENT_CALLBACKS, ReceiveContents, WDSTCI_PTR(2));
WDSTCI_AT(WDS_TRANSPORTCLIENT_CALLBACKS, ReceiveMetadata, WDSTCI_PTR(3));
WDSTCI_AT(WDS_TRANSPORTCLIENT_CALLBACKS, SessionComplete, WDSTCI_PTR(4));
WDSTCI_AT(WDS_TRANSPORTCLIENT_CALLBACKS, SessionNegotiate, WDSTCI_PTR(5));
WDSTCI_ASSERT(sizeof(WDS_TRANSPORTCLIENT_CALLBACKS) == WDSTCI_PTR(6), "the table has six pointers");
#undef WDSTCI_AT
#undef WDSTCI_PTR
#undef WDSTCI_ASSERT

/* ---- functions (6) ---- */

/*
 * All return ERROR_SUCCESS or a code of wdserror.h; wdscast_last_error_text() may tell more. Those that take
 * a handle return WDSTPC_E_NOT_INITIALIZED before Initialize() and after the last Shutdown(), and
 * ERROR_INVALID_HANDLE for a handle that is none or is closed; both are left out below.
 */

/**
 * Begin to use the client (6.1). Counted: each call needs its Shutdown(). Reads the configuration (wdscast.h)
 * the first time; opens no port yet. Any thread, but not inside a callback.
 * @return ERROR_SUCCESS; ERROR_INVALID_PARAMETER, a bad value in the configuration; ERROR_FILE_NOT_FOUND, no
 *         configuration file of the name given; ERROR_SHUTDOWN_IN_PROGRESS, the last Shutdown() is not done;
 *         ERROR_POSSIBLE_DEADLOCK, inside a callback.
 */
WDSTCI_EXPORT DWORD WDSTCIAPI WdsTransportClientInitialize(VOID);

/**
 * Set a session up; nothing is sent before StartSession() (6.2). Any thread.
 * @param pSessionRequest  Copied, with its strings.
 * @param pCallerData      For the callbacks; may be NULL. Not looked at.
 * @param hSessionKey      Set on success only. The caller's until CloseSession() or the last Shutdown().
 * @return ERROR_SUCCESS; ERROR_INVALID_PARAMETER, a NULL or a member (15, 15 to 18); ERROR_NOT_ENOUGH_MEMORY;
 *         ERROR_NO_SYSTEM_RESOURCES, 1024 sessions are there; ERROR_SHUTDOWN_IN_PROGRESS;
 *         WDSTPC_E_NOT_INITIALIZED.
 */
WDSTCI_EXPORT DWORD WDSTCIAPI WdsTransportClientInitializeSession(PWDS_TRANSPORTCLIENT_REQUEST pSessionRequest,
                                                                  PVOID pCallerData, PHANDLE hSessionKey);

/**
 * Register a callback, in any order, before StartSession() (6.3). An id registered again is replaced.
 * @param CallbackId   Less than WDS_TRANSPORTCLIENT_MAX_CALLBACKS.
 * @param pfnCallback  A function of that id's type, cast to PVOID; not NULL.
 * @return ERROR_SUCCESS; ERROR_INVALID_PARAMETER, the id or NULL; WDSTPC_E_ALREADY_IN_PROGRESS or
 *         WDSTPC_E_ALREADY_COMPLETED, the session was started.
 */
WDSTCI_EXPORT DWORD WDSTCIAPI WdsTransportClientRegisterCallback(HANDLE hSessionKey,
                                                                 TRANSPORTCLIENT_CALLBACK_ID CallbackId,
                                                                 PVOID pfnCallback);

/**
 * Start the transfer (6.4). Returns before it is done, though callbacks may come, and the session may end,
 * before it returns. Resolves the server's name and opens the port, so it may take its time. When it fails no
 * callback comes, and the handle has still to be closed; it may be tried again.
 * @return ERROR_SUCCESS; WDSTPC_E_CALLBACKS_NOT_REG (15, 1); WDSTPC_E_ALREADY_IN_PROGRESS;
 *         WDSTPC_E_ALREADY_COMPLETED; ERROR_CANCELLED (15, 2); WSAHOST_NOT_FOUND, the server's name;
 *         ERROR_INVALID_PARAMETER, it is no name or the port's SPEC is wrong; of the port: ERROR_FILE_NOT_FOUND,
 *         no such interface; ERROR_ACCESS_DENIED; ERROR_BUSY; ERROR_NOT_SUPPORTED; ERROR_HOST_UNREACHABLE;
 *         ERROR_NO_SYSTEM_RESOURCES; ERROR_NOT_ENOUGH_MEMORY; ERROR_GEN_FAILURE.
 */
WDSTCI_EXPORT DWORD WDSTCIAPI WdsTransportClientStartSession(HANDLE hSessionKey);

/**
 * A block is done with; its bytes may be used for another (6.5, 8). Once for each ReceiveContents, in any
 * order, inside the callback or later, from any thread; after CloseSession() too, while the session lives.
 * @param ulSize      The block's size, bytes, as ReceiveContents had it.
 * @param pullOffset  Points to its offset, bytes, as ReceiveContents had it.
 * @return ERROR_SUCCESS; ERROR_INVALID_PARAMETER, NULL, or no outstanding block has this size and offset.
 */
WDSTCI_EXPORT DWORD WDSTCIAPI WdsTransportClientCompleteReceive(HANDLE hSessionKey, ULONG ulSize,
                                                                PULARGE_INTEGER pullOffset);

/**
 * Keep a block's memory until ReleaseBuffer(), whatever becomes of its session (6.6, 8.1): after the callback,
 * CompleteReceive(), SessionComplete, CloseSession() and Shutdown(). While it is kept a block takes room in
 * its session's cache, even if completed: a session whose whole cache is kept waits. Any thread.
 * @param pvBuffer  The pContents of a block that is being delivered, is outstanding or has a reference.
 * @return ERROR_SUCCESS; ERROR_INVALID_PARAMETER, no such block; WDSTPC_E_NOT_INITIALIZED.
 */
WDSTCI_EXPORT DWORD WDSTCIAPI WdsTransportClientAddRefBuffer(PVOID pvBuffer);

/**
 * Give one reference of AddRefBuffer() back (6.7). Any thread, at any time.
 * @return ERROR_SUCCESS; ERROR_INVALID_PARAMETER, no such block or no reference is left;
 *         WDSTPC_E_NOT_INITIALIZED, likewise, before Initialize() or after Shutdown().
 */
WDSTCI_EXPORT DWORD WDSTCIAPI WdsTransportClientReleaseBuffer(PVOID pvBuffer);

/** CancelSessionEx() with ERROR_CANCELLED (6.8). */
WDSTCI_EXPORT DWORD WDSTCIAPI WdsTransportClientCancelSession(HANDLE hSessionKey);

/**
 * End a session early (6.9, 9). Returns at once; SessionComplete with the code follows. Callbacks that are
 * under way finish. Inside callbacks too. Before the start, twice, after the end: 15, 2 to 4.
 * @param dwErrorCode  The session's result; ERROR_SUCCESS counts as ERROR_CANCELLED.
 * @return ERROR_SUCCESS.
 */
WDSTCI_EXPORT DWORD WDSTCIAPI WdsTransportClientCancelSessionEx(HANDLE hSessionKey, DWORD dwErrorCode);

/**
 * Wait until the session is over and its SessionComplete has returned, so that what pCallerData points to may
 * be freed (6.10, 9). Says nothing about the result: QueryStatus() does. A timeout changes nothing.
 * @param uTimeout  Milliseconds; 0: don't wait; INFINITE: without end.
 * @return ERROR_SUCCESS, it is over, whatever its result; WAIT_TIMEOUT; ERROR_INVALID_PARAMETER, it was not
 *         started, or StartSession() failed meanwhile; ERROR_POSSIBLE_DEADLOCK, inside a callback of any session.
 */
WDSTCI_EXPORT DWORD WDSTCIAPI WdsTransportClientWaitForCompletion(HANDLE hSessionKey, ULONG uTimeout);

/**
 * How the session is doing, until CloseSession() (6.11). Known from just before SessionComplete is called.
 * @param puStatus     Set to WDS_TRANSPORTCLIENT_STATUS_*.
 * @param puErrorCode  Set to the session's code when it failed, else to ERROR_SUCCESS.
 * @return ERROR_SUCCESS; ERROR_INVALID_PARAMETER, a NULL.
 */
WDSTCI_EXPORT DWORD WDSTCIAPI WdsTransportClientQueryStatus(HANDLE hSessionKey, PULONG puStatus,
                                                            PULONG puErrorCode);

/**
 * Give the handle back (6.12). Does not cancel: callbacks of a session that runs go on until SessionComplete,
 * and for their blocks CompleteReceive() and NegotiateRequiredDataRange() still take the handle; nothing else
 * does. Memory goes when the session is closed, over, and none of its buffers is referenced. Inside callbacks too.
 * @return ERROR_SUCCESS; ERROR_INVALID_HANDLE, closed before.
 */
WDSTCI_EXPORT DWORD WDSTCIAPI WdsTransportClientCloseSession(HANDLE hSessionKey);

/**
 * Take back one Initialize() (6.13). The last one cancels and closes all sessions, waits until each
 * SessionComplete has returned, and closes the ports (15, 10). Any thread, but not inside a callback.
 * @return ERROR_SUCCESS; WDSTPC_E_NOT_INITIALIZED; ERROR_SHUTDOWN_IN_PROGRESS, another thread is at it;
 *         ERROR_POSSIBLE_DEADLOCK, inside a callback.
 */
WDSTCI_EXPORT DWORD WDSTCIAPI WdsTransportClientShutdown(VOID);

/**
 * Name a range of bytes that is wanted (6.14). While SessionNegotiate runs, as often as needed; ranges may
 * overlap. From the first call on only what was named is wanted: rounded out to whole blocks it is fetched,
 * delivered and counted, blocks outside are not, and the session is complete when all of it is there. A range
 * of 0 bytes wants nothing; if no other is named the session completes without content. ullFileSize is not
 * changed by any of this.
 * @param hNegotiateKey      From SessionNegotiate.
 * @param ullDataRangeStart  Offset of the first byte. By value.
 * @param ullDataRangeSize   Bytes. By value.
 * @return ERROR_SUCCESS; ERROR_INVALID_PARAMETER, not within the object, or too many ranges;
 *         ERROR_INVALID_HANDLE, the key of no SessionNegotiate that runs.
 */
WDSTCI_EXPORT DWORD WDSTCIAPI WdsTransportClientNegotiateRequiredDataRange(HANDLE hSessionKey,
                                                                           HANDLE hNegotiateKey,
                                                                           ULARGE_INTEGER ullDataRangeStart,
                                                                           ULARGE_INTEGER ullDataRangeSize);

#ifdef __cplusplus
}
#endif

#endif
