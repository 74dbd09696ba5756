/**
 * @file
 * Codes that a function of wdstci.h can return or a session can end with: Windows' names and numbers. Each is
 * an unsigned number of 32 bits; a server may answer with codes that are not listed here, and they are
 * handed on as they come, so every value but ERROR_SUCCESS is a failure. Texts: wdscast_error_text().
 */
#ifndef WDSERROR_H
#define WDSERROR_H

/* ---- Win32 codes that are used here, or that servers and their RPC services answer with ---- */

#define ERROR_SUCCESS 0u /**< the only value that means success */
#define ERROR_INVALID_FUNCTION 1u /**< a server: the request is not known */
#define ERROR_FILE_NOT_FOUND 2u /**< a server: no such object; here: no such interface, device or configuration file */
#define ERROR_PATH_NOT_FOUND 3u /**< a server: no such namespace */
#define ERROR_ACCESS_DENIED 5u /**< a server: this client may not have it; here: no permission to open the port */
#define ERROR_INVALID_HANDLE 6u /**< no handle of a session, or a closed one */
#define ERROR_NOT_ENOUGH_MEMORY 8u /**< no memory, or beyond the limit for all sessions */
#define ERROR_INVALID_DATA 13u /**< an answer that makes no sense */
#define ERROR_NOT_READY 21u /**< a server: not running yet; here: the session was not started */
#define ERROR_GEN_FAILURE 31u /**< anything else that the system reported */
#define ERROR_SHARING_VIOLATION 32u /**< a server: the object is being written */
#define ERROR_NOT_SUPPORTED 50u /**< not supported by the port, the build or the server */
#define ERROR_INVALID_PARAMETER 87u /**< an argument is NULL or out of range */
#define ERROR_INSUFFICIENT_BUFFER 122u /**< a server: its answer is too large */
#define ERROR_BUSY 170u /**< the port is in use by another program */
#define ERROR_SERVICE_NOT_ACTIVE 1062u /**< a server: it is stopping */
#define ERROR_SHUTDOWN_IN_PROGRESS 1115u /**< a server: it is stopping; here: the last Shutdown is not done */
#define ERROR_POSSIBLE_DEADLOCK 1131u /**< called inside a callback, where it would wait for itself */
#define ERROR_NOT_FOUND 1168u /**< a server: something it looked for is not there */
#define ERROR_CANCELLED 1223u /**< the consumer cancelled the session */
#define ERROR_HOST_UNREACHABLE 1232u /**< no interface leads to the server */
#define ERROR_NOT_AUTHENTICATED 1244u /**< a server: it wants to know who asks */
#define ERROR_LOGON_FAILURE 1326u /**< a server: credentials refused */
#define ERROR_NO_SYSTEM_RESOURCES 1450u /**< no handle, UDP port, group or queue is left, there or here */
#define ERROR_TIMEOUT 1460u /**< the server does not answer, or fell silent */
#define WAIT_TIMEOUT 258u /**< WaitForCompletion: the session is not over yet */
#define WSAHOST_NOT_FOUND 11001u /**< no server of that name */
#define RPC_S_NOT_LISTENING 1715u /**< a server: its RPC service does not listen */
#define RPC_S_UNKNOWN_IF 1717u /**< a server: it does not offer the RPC interface */
#define RPC_S_SERVER_UNAVAILABLE 1722u /**< a server: no connection to its RPC service */
#define RPC_S_CALL_FAILED 1726u /**< a server: the connection broke during a call */
#define RPC_S_INVALID_BOUND 1734u /**< a server: the sizes in an RPC request differ */
#define RPC_S_UNKNOWN_AUTHN_LEVEL 1748u /**< a server: unknown RPC authentication level */
#define RPC_X_BAD_STUB_DATA 1783u /**< a server: an RPC request that does not decode */
#define RPC_S_CALL_CANCELLED 1818u /**< a server: an RPC call was cancelled */
#define RPC_S_UNSUPPORTED_AUTHN_LEVEL 1821u /**< a server: the RPC call is not private */

/* ---- facilities, bits 16 to 27 of the codes below, and categories of their messages ---- */

#define FACILITY_WDSMCSERVER 289 /**< 0x121: WDSMCS_ */
#define FACILITY_WDSMCCLIENT 290 /**< 0x122: WDSTPC_, WDSTPTC_ */
#define WDSMCSERVER_CATEGORY 1
#define WDSMCCLIENT_CATEGORY 2

/* ---- of the multicast server: a session ends with these when the server refuses it ---- */

#define WDSMCS_E_SESSION_SHUTDOWN_IN_PROGRESS 0xC1210100u /**< refused: the object's session is being shut down */
#define WDSMCS_E_REQCALLBACKS_NOT_REG 0xC1210101u /**< a content provider left out a required callback */
#define WDSMCS_E_INCOMPATIBLE_VERSION 0xC1210102u /**< a content provider has an incompatible version */
#define WDSMCS_E_CONTENT_NOT_FOUND 0xC1210103u /**< no such object in the namespace */
#define WDSMCS_E_CLIENT_NOT_FOUND 0xC1210104u /**< no such client */
#define WDSMCS_E_NAMESPACE_NOT_FOUND 0xC1210105u /**< no such namespace */
#define WDSMCS_E_CONTENT_PROVIDER_NOT_FOUND 0xC1210106u /**< no such content provider */
#define WDSMCS_E_NAMESPACE_ALREADY_EXISTS 0xC1210107u /**< a namespace of that name is there */
#define WDSMCS_E_NAMESPACE_SHUTDOWN_IN_PROGRESS 0xC1210108u /**< the namespace waits to be closed; no new clients */
#define WDSMCS_E_NAMESPACE_ALREADY_STARTED 0xC1210109u /**< the scheduled namespace runs already */
#define WDSMCS_E_NS_START_FAILED_NO_CLIENTS 0xC121010Au /**< the namespace cannot start: nobody has joined */
#define WDSMCS_E_START_TIME_IN_PAST 0xC121010Bu /**< the start time lies in the past */
#define WDSMCS_E_PACKET_NOT_HASHED 0xC121010Cu /**< a packet without the hash that is required */
#define WDSMCS_E_PACKET_NOT_SIGNED 0xC121010Du /**< a packet without the signature that is required */
#define WDSMCS_E_PACKET_HAS_SECURITY 0xC121010Eu /**< a packet with a hash or signature where none is expected */
#define WDSMCS_E_PACKET_NOT_CHECKSUMED 0xC121010Fu /**< a packet without the checksum that is required */
#define WDSMCS_E_CLIENT_DOESNOT_SUPPORT_SECURITY_MODE 0xC1210110u /**< the client cannot do the server's security mode */

/* ---- of the multicast client ---- */

#define WDSTPC_E_CALLBACKS_NOT_REG 0xC1220300u /**< StartSession: required callbacks are missing */
#define WDSTPC_E_ALREADY_COMPLETED 0xC1220301u /**< the session is over */
#define WDSTPC_E_ALREADY_IN_PROGRESS 0xC1220302u /**< the session was started already */
#define WDSTPC_E_UNKNOWN_ERROR 0xC1220303u /**< anything without a better code */
#define WDSTPC_E_NOT_INITIALIZED 0xC1220304u /**< before Initialize, or after the last Shutdown */
#define WDSTPC_E_KICKED_POLICY_NOT_MET 0xC1220305u /**< sent away, KICK reason 0: below the administrator's policy */
#define WDSTPC_E_KICKED_FALLBACK 0xC1220306u /**< sent away, reason 1: get the object some other way */
#define WDSTPC_E_KICKED_FAIL 0xC1220307u /**< sent away, reason 2: give up completely */
#define WDSTPC_E_KICKED_UNKNOWN 0xC1220308u /**< sent away, for any other reason */
#define WDSTPC_E_MULTISTREAM_NOT_ENABLED 0xC1220309u /**< demotion: there are not several streams */
#define WDSTPC_E_ALREADY_IN_LOWEST_SESSION 0xC122030Au /**< demotion: the client is in the slowest stream */
#define WDSTPC_E_CLIENT_DEMOTE_NOT_SUPPORTED 0xC122030Bu /**< demotion: the client cannot do it */
#define WDSTPC_E_NO_IP4_INTERFACE 0xC122030Cu /**< the server has no usable IPv4 interface */
#define WDSTPTC_E_WIM_APPLY_REQUIRES_REFERENCE_IMAGE 0xC122030Du /**< of tools that apply images: no reference image */

#endif
