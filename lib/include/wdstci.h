/*
 * The Windows Deployment Services Transport Client API, as of the newest header (wdstci.h with
 * SessionNegotiate), for Linux. Names, values and layouts are Windows'; UTF-16 strings are char16_t,
 * ULONG and DWORD have 32 bits, calling conventions are empty.
 */
#ifndef WDSTCI_H
#define WDSTCI_H

#include <stddef.h>
#include <stdint.h>
#ifndef __cplusplus
#include <uchar.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

#ifndef _WINDEF_
typedef uint32_t ULONG, *PULONG;
typedef uint32_t DWORD;
typedef void *HANDLE, **PHANDLE;
typedef void *PVOID;
#ifndef VOID
#define VOID void
#endif
typedef const char16_t *LPCWSTR;
typedef union _ULARGE_INTEGER {
#if defined(__GNUC__)
	__extension__ struct {
		DWORD LowPart;
		DWORD HighPart;
	};
#endif
	struct {
		DWORD LowPart;
		DWORD HighPart;
	} u;
	uint64_t QuadPart;
} ULARGE_INTEGER, *PULARGE_INTEGER;
#ifndef INFINITE
#define INFINITE 0xFFFFFFFFu
#endif
#ifndef CALLBACK
#define CALLBACK
#endif
#endif /* _WINDEF_ */

#define WDSTCIAPI
#if defined(__GNUC__)
#define WDSTCI_EXPORT __attribute__((visibility("default")))
#else
#define WDSTCI_EXPORT
#endif

#define WDS_TRANSPORTCLIENT_CURRENT_API_VERSION 1
#define WDS_TRANSPORT_CLIENT_CURRENT_API_VERSION 1 /* the reference page's spelling */
#define WDS_TRANSPORTCLIENT_PROTOCOL_MULTICAST 0x00000001
#define WDS_TRANSPORTCLIENT_AUTH 0x1
#define WDS_TRANSPORTCLIENT_NO_AUTH 0x2
#define WDS_TRANSPORTCLIENT_NO_CACHE 0
#define WDS_TRANSPORTCLIENT_STATUS_IN_PROGRESS 0x0001
#define WDS_TRANSPORTCLIENT_STATUS_SUCCESS 0x0002
#define WDS_TRANSPORTCLIENT_STATUS_FAILURE 0x0003

typedef enum _TRANSPORTCLIENT_CALLBACK_ID {
	WDS_TRANSPORTCLIENT_SESSION_START = 0,
	WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS = 1,
	WDS_TRANSPORTCLIENT_SESSION_COMPLETE = 2,
	WDS_TRANSPORTCLIENT_RECEIVE_METADATA = 3,
	WDS_TRANSPORTCLIENT_SESSION_STARTEX = 4,
	WDS_TRANSPORTCLIENT_SESSION_NEGOTIATE = 5,
	WDS_TRANSPORTCLIENT_MAX_CALLBACKS = 6
} TRANSPORTCLIENT_CALLBACK_ID, *PTRANSPORTCLIENT_CALLBACK_ID;

typedef struct _WDS_TRANSPORTCLIENT_REQUEST {
	ULONG ulLength;
	ULONG ulApiVersion;
	ULONG ulAuthLevel;
	LPCWSTR pwszServer;
	LPCWSTR pwszNamespace;
	LPCWSTR pwszObjectName;
	ULONG ulCacheSize;
	ULONG ulProtocol;
	PVOID pvProtocolData;
	ULONG ulProtocolDataLength;
} WDS_TRANSPORTCLIENT_REQUEST, *PWDS_TRANSPORTCLIENT_REQUEST;

typedef struct _TRANSPORTCLIENT_SESSION_INFO {
	ULONG ulStructureLength;
	ULARGE_INTEGER ullFileSize;
	ULONG ulBlockSize;
} TRANSPORTCLIENT_SESSION_INFO, *PTRANSPORTCLIENT_SESSION_INFO;

typedef VOID(CALLBACK *PFN_WdsTransportClientSessionStart)(HANDLE hSessionKey, PVOID pCallerData,
                                                           PULARGE_INTEGER ullFileSize);
typedef VOID(CALLBACK *PFN_WdsTransportClientSessionStartEx)(HANDLE hSessionKey, PVOID pCallerData,
                                                             PTRANSPORTCLIENT_SESSION_INFO Info);
typedef VOID(CALLBACK *PFN_WdsTransportClientReceiveMetadata)(HANDLE hSessionKey, PVOID pCallerData,
                                                              PVOID pMetadata, ULONG ulSize);
typedef VOID(CALLBACK *PFN_WdsTransportClientReceiveContents)(HANDLE hSessionKey, PVOID pCallerData,
                                                              PVOID pContents, ULONG ulSize,
                                                              PULARGE_INTEGER pullContentOffset);
typedef VOID(CALLBACK *PFN_WdsTransportClientSessionComplete)(HANDLE hSessionKey, PVOID pCallerData,
                                                              DWORD dwError);
typedef VOID(CALLBACK *PFN_WdsTransportClientSessionNegotiate)(HANDLE hSessionKey, PVOID pCallerData,
                                                               PTRANSPORTCLIENT_SESSION_INFO pInfo,
                                                               HANDLE hNegotiateKey);

typedef struct _WDS_TRANSPORTCLIENT_CALLBACKS {
	PFN_WdsTransportClientSessionStart SessionStart;
	PFN_WdsTransportClientSessionStartEx SessionStartEx;
	PFN_WdsTransportClientReceiveContents ReceiveContents;
	PFN_WdsTransportClientReceiveMetadata ReceiveMetadata;
	PFN_WdsTransportClientSessionComplete SessionComplete;
	PFN_WdsTransportClientSessionNegotiate SessionNegotiate;
} WDS_TRANSPORTCLIENT_CALLBACKS, *PWDS_TRANSPORTCLIENT_CALLBACKS;

WDSTCI_EXPORT DWORD WDSTCIAPI WdsTransportClientInitialize(VOID);
WDSTCI_EXPORT DWORD WDSTCIAPI WdsTransportClientInitializeSession(PWDS_TRANSPORTCLIENT_REQUEST pSessionRequest,
                                                                  PVOID pCallerData, PHANDLE hSessionKey);
WDSTCI_EXPORT DWORD WDSTCIAPI WdsTransportClientRegisterCallback(HANDLE hSessionKey,
                                                                 TRANSPORTCLIENT_CALLBACK_ID CallbackId,
                                                                 PVOID pfnCallback);
WDSTCI_EXPORT DWORD WDSTCIAPI WdsTransportClientStartSession(HANDLE hSessionKey);
WDSTCI_EXPORT DWORD WDSTCIAPI WdsTransportClientCompleteReceive(HANDLE hSessionKey, ULONG ulSize,
                                                                PULARGE_INTEGER pullOffset);
WDSTCI_EXPORT DWORD WDSTCIAPI WdsTransportClientAddRefBuffer(PVOID pvBuffer);
WDSTCI_EXPORT DWORD WDSTCIAPI WdsTransportClientReleaseBuffer(PVOID pvBuffer);
WDSTCI_EXPORT DWORD WDSTCIAPI WdsTransportClientCancelSession(HANDLE hSessionKey);
WDSTCI_EXPORT DWORD WDSTCIAPI WdsTransportClientCancelSessionEx(HANDLE hSessionKey, DWORD dwErrorCode);
WDSTCI_EXPORT DWORD WDSTCIAPI WdsTransportClientWaitForCompletion(HANDLE hSessionKey, ULONG uTimeout);
WDSTCI_EXPORT DWORD WDSTCIAPI WdsTransportClientQueryStatus(HANDLE hSessionKey, PULONG puStatus,
                                                            PULONG puErrorCode);
WDSTCI_EXPORT DWORD WDSTCIAPI WdsTransportClientCloseSession(HANDLE hSessionKey);
WDSTCI_EXPORT DWORD WDSTCIAPI WdsTransportClientShutdown(VOID);
WDSTCI_EXPORT DWORD WDSTCIAPI WdsTransportClientNegotiateRequiredDataRange(HANDLE hSessionKey,
                                                                           HANDLE hNegotiateKey,
                                                                           ULARGE_INTEGER ullDataRangeStart,
                                                                           ULARGE_INTEGER ullDataRangeSize);

#ifdef __cplusplus
}
#endif

#endif
