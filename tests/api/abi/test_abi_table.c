/*
 * The ABI: sizes, offsets, values of enumerations and constants, and error codes, against tables of Windows'
 * numbers (64 bits). The numbers stand here a second time so that no change of a header goes unseen.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "support/suite.h"
#include "wdscast.h"
#include "wdserror.h"

struct row {
	uint64_t is, wanted;
	const char *name;
};

static void check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (rows[i].is != rows[i].wanted)
			fprintf(stderr, "%s is %#llx, not %#llx\n", rows[i].name, (unsigned long long)rows[i].is,
			        (unsigned long long)rows[i].wanted);
		CU_ASSERT_EQUAL(rows[i].is, rows[i].wanted);
	}
}

#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof(rows[0]))
#define SIZE(type, n) { sizeof(type), n, #type }
#define MEMBER(type, member, offset, size) \
	{ offsetof(type, member), offset, #type "." #member " offset" }, \
	{ sizeof(((type *)0)->member), size, #type "." #member " size" }
#define VALUE(name, n) { (uint64_t)(name), n, #name }

static void test_types_have_the_sizes_of_windows(void)
{
	static const struct row rows[] = {
		SIZE(ULONG, 4), SIZE(PULONG, 8), SIZE(DWORD, 4), SIZE(HANDLE, 8), SIZE(PHANDLE, 8), SIZE(PVOID, 8),
		SIZE(LPCWSTR, 8), SIZE(*(LPCWSTR)0, 2), SIZE(ULARGE_INTEGER, 8), SIZE(PULARGE_INTEGER, 8),
		SIZE(TRANSPORTCLIENT_CALLBACK_ID, 4), SIZE(PFN_WdsTransportClientSessionStart, 8),
		SIZE(WDS_TRANSPORTCLIENT_REQUEST, 64), SIZE(TRANSPORTCLIENT_SESSION_INFO, 24),
		SIZE(WDS_TRANSPORTCLIENT_CALLBACKS, 48),
		{ _Alignof(ULARGE_INTEGER), 8, "alignment of ULARGE_INTEGER" },
		{ (ULONG)-1 > 0, 1, "ULONG is unsigned" },
		{ (char16_t)-1 > 0, 1, "UTF-16 units are unsigned" },
	};

	CHECK_ROWS(rows);
}

static void test_structures_have_the_offsets_of_windows(void)
{
	static const struct row rows[] = {
		MEMBER(ULARGE_INTEGER, LowPart, 0, 4),
		MEMBER(ULARGE_INTEGER, HighPart, 4, 4),
		MEMBER(ULARGE_INTEGER, u.LowPart, 0, 4),
		MEMBER(ULARGE_INTEGER, u.HighPart, 4, 4),
		MEMBER(ULARGE_INTEGER, QuadPart, 0, 8),
		MEMBER(WDS_TRANSPORTCLIENT_REQUEST, ulLength, 0, 4),
		MEMBER(WDS_TRANSPORTCLIENT_REQUEST, ulApiVersion, 4, 4),
		MEMBER(WDS_TRANSPORTCLIENT_REQUEST, ulAuthLevel, 8, 4),
		MEMBER(WDS_TRANSPORTCLIENT_REQUEST, pwszServer, 16, 8),
		MEMBER(WDS_TRANSPORTCLIENT_REQUEST, pwszNamespace, 24, 8),
		MEMBER(WDS_TRANSPORTCLIENT_REQUEST, pwszObjectName, 32, 8),
		MEMBER(WDS_TRANSPORTCLIENT_REQUEST, ulCacheSize, 40, 4),
		MEMBER(WDS_TRANSPORTCLIENT_REQUEST, ulProtocol, 44, 4),
		MEMBER(WDS_TRANSPORTCLIENT_REQUEST, pvProtocolData, 48, 8),
		MEMBER(WDS_TRANSPORTCLIENT_REQUEST, ulProtocolDataLength, 56, 4),
		MEMBER(TRANSPORTCLIENT_SESSION_INFO, ulStructureLength, 0, 4),
		MEMBER(TRANSPORTCLIENT_SESSION_INFO, ullFileSize, 8, 8),
		MEMBER(TRANSPORTCLIENT_SESSION_INFO, ulBlockSize, 16, 4),
		MEMBER(WDS_TRANSPORTCLIENT_CALLBACKS, SessionStart, 0, 8),
		MEMBER(WDS_TRANSPORTCLIENT_CALLBACKS, SessionStartEx, 8, 8),
		MEMBER(WDS_TRANSPORTCLIENT_CALLBACKS, ReceiveContents, 16, 8),
		MEMBER(WDS_TRANSPORTCLIENT_CALLBACKS, ReceiveMetadata, 24, 8),
		MEMBER(WDS_TRANSPORTCLIENT_CALLBACKS, SessionComplete, 32, 8),
		MEMBER(WDS_TRANSPORTCLIENT_CALLBACKS, SessionNegotiate, 40, 8),
	};

	CHECK_ROWS(rows);
}

static void test_our_own_structures_keep_their_offsets(void)
{
	static const struct row rows[] = {
		SIZE(struct wdscast_options, 104),
		MEMBER(struct wdscast_options, size, 0, 4),
		MEMBER(struct wdscast_options, initiate_timeout_ms, 4, 4),
		MEMBER(struct wdscast_options, inactivity_timeout_ms, 8, 4),
		MEMBER(struct wdscast_options, workers, 12, 4),
		MEMBER(struct wdscast_options, memory_bytes, 16, 8),
		MEMBER(struct wdscast_options, port, 24, 8),
		MEMBER(struct wdscast_options, ip, 32, 8),
		MEMBER(struct wdscast_options, gateway, 40, 8),
		MEMBER(struct wdscast_options, cores, 48, 8),
		MEMBER(struct wdscast_options, poll, 56, 8),
		MEMBER(struct wdscast_options, key, 64, 8),
		MEMBER(struct wdscast_options, verify_key, 72, 8),
		MEMBER(struct wdscast_options, exception, 80, 8),
		MEMBER(struct wdscast_options, stall_timeout_ms, 88, 4),
		MEMBER(struct wdscast_options, on_port, 96, 8),
		MEMBER(struct wdscast_session_counters, size, 0, 4),
		MEMBER(struct wdscast_session_counters, blocks, 8, 8),
		MEMBER(struct wdscast_session_counters, bytes, 16, 8),
		MEMBER(struct wdscast_session_counters, unsent, 208, 8),
		MEMBER(struct wdscast_session_counters, unproven, 216, 8),
		MEMBER(struct wdscast_session_counters, by_multicast, 224, 8),
		MEMBER(struct wdscast_session_counters, joinacks, 232, 8),
		MEMBER(struct wdscast_session_counters, lost_on_wire, 240, 8),
		MEMBER(struct wdscast_session_counters, slots_used, 248, 8),
		SIZE(struct wdscast_session_counters, 256),
		MEMBER(struct wdscast_port_counters, size, 0, 4),
		MEMBER(struct wdscast_port_counters, rx_frames, 8, 8),
		MEMBER(struct wdscast_port_counters, no_path, 96, 8),
		MEMBER(struct wdscast_port_counters, other_protocol, 192, 8),
		MEMBER(struct wdscast_port_counters, conflicts, 216, 8),
		MEMBER(struct wdscast_port_counters, from_kernel, 232, 8),
		MEMBER(struct wdscast_port_counters, handed_dropped, 248, 8),
		MEMBER(struct wdscast_port_counters, rx_no_buffer, 256, 8),
		MEMBER(struct wdscast_port_counters, tap_dropped, 264, 8),
		MEMBER(struct wdscast_port_counters, buffers_used, 272, 8),
		SIZE(struct wdscast_port_counters, 280),
		SIZE(struct wdscast_content_identity, 32),
		MEMBER(struct wdscast_content_identity, session_id, 4, 4),
		MEMBER(struct wdscast_content_identity, has_stamp, 8, 4),
		MEMBER(struct wdscast_content_identity, stamp, 16, 16),
		VALUE(WDSCAST_OK, 0), VALUE(WDSCAST_EINVAL, 1), VALUE(WDSCAST_ENOMEM, 2), VALUE(WDSCAST_EPERM, 3),
		VALUE(WDSCAST_ENODEV, 4), VALUE(WDSCAST_EBUSY, 5), VALUE(WDSCAST_EADDRINUSE, 6),
		VALUE(WDSCAST_ENOTSUP, 7), VALUE(WDSCAST_ENOROUTE, 8), VALUE(WDSCAST_EIO, 9), VALUE(WDSCAST_ESTATE, 10),
	};

	CHECK_ROWS(rows);
}

static void test_constants_have_the_values_of_windows(void)
{
	static const struct row rows[] = {
		VALUE(WDS_TRANSPORTCLIENT_CURRENT_API_VERSION, 1),
		VALUE(WDS_TRANSPORT_CLIENT_CURRENT_API_VERSION, 1),
		VALUE(WDS_TRANSPORTCLIENT_PROTOCOL_MULTICAST, 1),
		VALUE(WDS_TRANSPORTCLIENT_AUTH, 1),
		VALUE(WDS_TRANSPORTCLIENT_NO_AUTH, 2),
		VALUE(WDS_TRANSPORTCLIENT_NO_CACHE, 0),
		VALUE(WDS_TRANSPORTCLIENT_STATUS_IN_PROGRESS, 1),
		VALUE(WDS_TRANSPORTCLIENT_STATUS_SUCCESS, 2),
		VALUE(WDS_TRANSPORTCLIENT_STATUS_FAILURE, 3),
		VALUE(WDS_TRANSPORTCLIENT_SESSION_START, 0),
		VALUE(WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS, 1),
		VALUE(WDS_TRANSPORTCLIENT_SESSION_COMPLETE, 2),
		VALUE(WDS_TRANSPORTCLIENT_RECEIVE_METADATA, 3),
		VALUE(WDS_TRANSPORTCLIENT_SESSION_STARTEX, 4),
		VALUE(WDS_TRANSPORTCLIENT_SESSION_NEGOTIATE, 5),
		VALUE(WDS_TRANSPORTCLIENT_MAX_CALLBACKS, 6),
		VALUE(INFINITE, 0xFFFFFFFF),
		VALUE(FACILITY_WDSMCSERVER, 0x121), VALUE(FACILITY_WDSMCCLIENT, 0x122),
		VALUE(WDSMCSERVER_CATEGORY, 1), VALUE(WDSMCCLIENT_CATEGORY, 2),
	};

	CHECK_ROWS(rows);
}

static const struct row codes[] = {
	{ ERROR_SUCCESS, 0x00000000u, "ERROR_SUCCESS" },
	{ ERROR_INVALID_FUNCTION, 0x00000001u, "ERROR_INVALID_FUNCTION" },
	{ ERROR_FILE_NOT_FOUND, 0x00000002u, "ERROR_FILE_NOT_FOUND" },
	{ ERROR_PATH_NOT_FOUND, 0x00000003u, "ERROR_PATH_NOT_FOUND" },
	{ ERROR_ACCESS_DENIED, 0x00000005u, "ERROR_ACCESS_DENIED" },
	{ ERROR_INVALID_HANDLE, 6u, "ERROR_INVALID_HANDLE" },
	{ ERROR_NOT_ENOUGH_MEMORY, 0x00000008u, "ERROR_NOT_ENOUGH_MEMORY" },
	{ ERROR_INVALID_DATA, 0x0000000Du, "ERROR_INVALID_DATA" },
	{ ERROR_NOT_READY, 0x00000015u, "ERROR_NOT_READY" },
	{ ERROR_GEN_FAILURE, 0x0000001Fu, "ERROR_GEN_FAILURE" },
	{ ERROR_NOT_SUPPORTED, 0x00000032u, "ERROR_NOT_SUPPORTED" },
	{ ERROR_INVALID_PARAMETER, 0x00000057u, "ERROR_INVALID_PARAMETER" },
	{ ERROR_INSUFFICIENT_BUFFER, 0x0000007Au, "ERROR_INSUFFICIENT_BUFFER" },
	{ ERROR_SERVICE_NOT_ACTIVE, 0x00000426u, "ERROR_SERVICE_NOT_ACTIVE" },
	{ ERROR_SHUTDOWN_IN_PROGRESS, 0x0000045Bu, "ERROR_SHUTDOWN_IN_PROGRESS" },
	{ ERROR_NOT_FOUND, 0x00000490u, "ERROR_NOT_FOUND" },
	{ ERROR_CANCELLED, 0x000004C7u, "ERROR_CANCELLED" },
	{ ERROR_NOT_AUTHENTICATED, 0x000004DCu, "ERROR_NOT_AUTHENTICATED" },
	{ ERROR_LOGON_FAILURE, 0x0000052Eu, "ERROR_LOGON_FAILURE" },
	{ ERROR_NO_SYSTEM_RESOURCES, 0x000005AAu, "ERROR_NO_SYSTEM_RESOURCES" },
	{ ERROR_TIMEOUT, 0x000005B4u, "ERROR_TIMEOUT" },
	{ RPC_S_NOT_LISTENING, 0x000006B3u, "RPC_S_NOT_LISTENING" },
	{ RPC_S_UNKNOWN_IF, 0x000006B5u, "RPC_S_UNKNOWN_IF" },
	{ RPC_S_SERVER_UNAVAILABLE, 0x000006BAu, "RPC_S_SERVER_UNAVAILABLE" },
	{ RPC_S_CALL_FAILED, 0x000006BEu, "RPC_S_CALL_FAILED" },
	{ RPC_S_INVALID_BOUND, 0x000006C6u, "RPC_S_INVALID_BOUND" },
	{ RPC_S_UNKNOWN_AUTHN_LEVEL, 0x000006D4u, "RPC_S_UNKNOWN_AUTHN_LEVEL" },
	{ RPC_X_BAD_STUB_DATA, 0x000006F7u, "RPC_X_BAD_STUB_DATA" },
	{ RPC_S_CALL_CANCELLED, 0x0000071Au, "RPC_S_CALL_CANCELLED" },
	{ RPC_S_UNSUPPORTED_AUTHN_LEVEL, 0x0000071Du, "RPC_S_UNSUPPORTED_AUTHN_LEVEL" },
	{ ERROR_BUSY, 170u, "ERROR_BUSY" },
	{ WAIT_TIMEOUT, 258u, "WAIT_TIMEOUT" },
	{ ERROR_POSSIBLE_DEADLOCK, 1131u, "ERROR_POSSIBLE_DEADLOCK" },
	{ ERROR_HOST_UNREACHABLE, 1232u, "ERROR_HOST_UNREACHABLE" },
	{ WSAHOST_NOT_FOUND, 11001u, "WSAHOST_NOT_FOUND" },
	{ WDSMCS_E_SESSION_SHUTDOWN_IN_PROGRESS, 0xC1210100u, "WDSMCS_E_SESSION_SHUTDOWN_IN_PROGRESS" },
	{ WDSMCS_E_REQCALLBACKS_NOT_REG, 0xC1210101u, "WDSMCS_E_REQCALLBACKS_NOT_REG" },
	{ WDSMCS_E_INCOMPATIBLE_VERSION, 0xC1210102u, "WDSMCS_E_INCOMPATIBLE_VERSION" },
	{ WDSMCS_E_CONTENT_NOT_FOUND, 0xC1210103u, "WDSMCS_E_CONTENT_NOT_FOUND" },
	{ WDSMCS_E_CLIENT_NOT_FOUND, 0xC1210104u, "WDSMCS_E_CLIENT_NOT_FOUND" },
	{ WDSMCS_E_NAMESPACE_NOT_FOUND, 0xC1210105u, "WDSMCS_E_NAMESPACE_NOT_FOUND" },
	{ WDSMCS_E_CONTENT_PROVIDER_NOT_FOUND, 0xC1210106u, "WDSMCS_E_CONTENT_PROVIDER_NOT_FOUND" },
	{ WDSMCS_E_NAMESPACE_ALREADY_EXISTS, 0xC1210107u, "WDSMCS_E_NAMESPACE_ALREADY_EXISTS" },
	{ WDSMCS_E_NAMESPACE_SHUTDOWN_IN_PROGRESS, 0xC1210108u, "WDSMCS_E_NAMESPACE_SHUTDOWN_IN_PROGRESS" },
	{ WDSMCS_E_NAMESPACE_ALREADY_STARTED, 0xC1210109u, "WDSMCS_E_NAMESPACE_ALREADY_STARTED" },
	{ WDSMCS_E_NS_START_FAILED_NO_CLIENTS, 0xC121010Au, "WDSMCS_E_NS_START_FAILED_NO_CLIENTS" },
	{ WDSMCS_E_START_TIME_IN_PAST, 0xC121010Bu, "WDSMCS_E_START_TIME_IN_PAST" },
	{ WDSMCS_E_PACKET_NOT_HASHED, 0xC121010Cu, "WDSMCS_E_PACKET_NOT_HASHED" },
	{ WDSMCS_E_PACKET_NOT_SIGNED, 0xC121010Du, "WDSMCS_E_PACKET_NOT_SIGNED" },
	{ WDSMCS_E_PACKET_HAS_SECURITY, 0xC121010Eu, "WDSMCS_E_PACKET_HAS_SECURITY" },
	{ WDSMCS_E_PACKET_NOT_CHECKSUMED, 0xC121010Fu, "WDSMCS_E_PACKET_NOT_CHECKSUMED" },
	{ WDSMCS_E_CLIENT_DOESNOT_SUPPORT_SECURITY_MODE, 0xC1210110u, "WDSMCS_E_CLIENT_DOESNOT_SUPPORT_SECURITY_MODE" },
	{ WDSTPC_E_CALLBACKS_NOT_REG, 0xC1220300u, "WDSTPC_E_CALLBACKS_NOT_REG" },
	{ WDSTPC_E_ALREADY_COMPLETED, 0xC1220301u, "WDSTPC_E_ALREADY_COMPLETED" },
	{ WDSTPC_E_ALREADY_IN_PROGRESS, 0xC1220302u, "WDSTPC_E_ALREADY_IN_PROGRESS" },
	{ WDSTPC_E_UNKNOWN_ERROR, 0xC1220303u, "WDSTPC_E_UNKNOWN_ERROR" },
	{ WDSTPC_E_NOT_INITIALIZED, 0xC1220304u, "WDSTPC_E_NOT_INITIALIZED" },
	{ WDSTPC_E_KICKED_POLICY_NOT_MET, 0xC1220305u, "WDSTPC_E_KICKED_POLICY_NOT_MET" },
	{ WDSTPC_E_KICKED_FALLBACK, 0xC1220306u, "WDSTPC_E_KICKED_FALLBACK" },
	{ WDSTPC_E_KICKED_FAIL, 0xC1220307u, "WDSTPC_E_KICKED_FAIL" },
	{ WDSTPC_E_KICKED_UNKNOWN, 0xC1220308u, "WDSTPC_E_KICKED_UNKNOWN" },
	{ WDSTPC_E_MULTISTREAM_NOT_ENABLED, 0xC1220309u, "WDSTPC_E_MULTISTREAM_NOT_ENABLED" },
	{ WDSTPC_E_ALREADY_IN_LOWEST_SESSION, 0xC122030Au, "WDSTPC_E_ALREADY_IN_LOWEST_SESSION" },
	{ WDSTPC_E_CLIENT_DEMOTE_NOT_SUPPORTED, 0xC122030Bu, "WDSTPC_E_CLIENT_DEMOTE_NOT_SUPPORTED" },
	{ WDSTPC_E_NO_IP4_INTERFACE, 0xC122030Cu, "WDSTPC_E_NO_IP4_INTERFACE" },
	{ WDSTPTC_E_WIM_APPLY_REQUIRES_REFERENCE_IMAGE, 0xC122030Du, "WDSTPTC_E_WIM_APPLY_REQUIRES_REFERENCE_IMAGE" },
};

static void test_error_codes_have_the_numbers_of_windows(void)
{
	CHECK_ROWS(codes);
}

static void test_every_error_code_has_a_text_of_its_own(void)
{
	const char *unknown = wdscast_error_text(0xDEADBEEF);

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		const char *text = wdscast_error_text((DWORD)codes[i].is);

		if (strcmp(text, unknown) == 0)
			fprintf(stderr, "%s has no text\n", codes[i].name);
		CU_ASSERT_STRING_NOT_EQUAL(text, unknown);
	}
}

/* The functions' types, as a Windows program has them: the compiler compares. */
static void test_functions_have_the_types_of_windows(void)
{
	DWORD (*initialize)(void) = WdsTransportClientInitialize;
	DWORD (*initialize_session)(WDS_TRANSPORTCLIENT_REQUEST *, void *, void **) = WdsTransportClientInitializeSession;
	DWORD (*register_callback)(void *, TRANSPORTCLIENT_CALLBACK_ID, void *) = WdsTransportClientRegisterCallback;
	DWORD (*start_session)(void *) = WdsTransportClientStartSession;
	DWORD (*complete_receive)(void *, uint32_t, ULARGE_INTEGER *) = WdsTransportClientCompleteReceive;
	DWORD (*add_ref)(void *) = WdsTransportClientAddRefBuffer, (*release)(void *) = WdsTransportClientReleaseBuffer;
	DWORD (*cancel)(void *) = WdsTransportClientCancelSession;
	DWORD (*cancel_ex)(void *, uint32_t) = WdsTransportClientCancelSessionEx;
	DWORD (*wait)(void *, uint32_t) = WdsTransportClientWaitForCompletion;
	DWORD (*query)(void *, uint32_t *, uint32_t *) = WdsTransportClientQueryStatus;
	DWORD (*close)(void *) = WdsTransportClientCloseSession;
	DWORD (*shutdown)(void) = WdsTransportClientShutdown;
	DWORD (*negotiate)(void *, void *, ULARGE_INTEGER, ULARGE_INTEGER) = WdsTransportClientNegotiateRequiredDataRange;

	CU_ASSERT_TRUE(initialize && initialize_session && register_callback && start_session && complete_receive &&
	               add_ref && release && cancel && cancel_ex && wait && query && close && shutdown && negotiate);
}

static const struct suite_test tests[] = {
	SUITE_TEST(test_types_have_the_sizes_of_windows),
	SUITE_TEST(test_structures_have_the_offsets_of_windows),
	SUITE_TEST(test_our_own_structures_keep_their_offsets),
	SUITE_TEST(test_constants_have_the_values_of_windows),
	SUITE_TEST(test_error_codes_have_the_numbers_of_windows),
	SUITE_TEST(test_every_error_code_has_a_text_of_its_own),
	SUITE_TEST(test_functions_have_the_types_of_windows),
};

SUITE_MAIN("api_abi_table", tests)
