/* The texts of the codes in wdserror.h, in our words. */
#include "wdscast.h"
#include "wdserror.h"

static const struct {
	DWORD code;
	const char *text;
} texts[] = {
	{ ERROR_SUCCESS, "success" },
	{ ERROR_INVALID_FUNCTION, "the request is not known" },
	{ ERROR_FILE_NOT_FOUND, "no such object" },
	{ ERROR_PATH_NOT_FOUND, "no such namespace" },
	{ ERROR_ACCESS_DENIED, "access denied" },
	{ ERROR_INVALID_HANDLE, "the session handle is not valid" },
	{ ERROR_NOT_ENOUGH_MEMORY, "not enough memory" },
	{ ERROR_INVALID_DATA, "the data makes no sense" },
	{ ERROR_NOT_READY, "not ready" },
	{ ERROR_GEN_FAILURE, "the system reported a failure" },
	{ ERROR_SHARING_VIOLATION, "the object is being written" },
	{ ERROR_NOT_SUPPORTED, "not supported" },
	{ ERROR_INVALID_PARAMETER, "an argument is out of range" },
	{ ERROR_INSUFFICIENT_BUFFER, "the server's answer is too large" },
	{ ERROR_BUSY, "in use by another" },
	{ WAIT_TIMEOUT, "the wait timed out" },
	{ ERROR_SERVICE_NOT_ACTIVE, "the server is stopping" },
	{ ERROR_POSSIBLE_DEADLOCK, "not possible inside a callback: it would wait for itself" },
	{ ERROR_SHUTDOWN_IN_PROGRESS, "a shutdown is in progress" },
	{ ERROR_NOT_FOUND, "not found" },
	{ ERROR_CANCELLED, "cancelled" },
	{ ERROR_HOST_UNREACHABLE, "the server cannot be reached" },
	{ ERROR_NOT_AUTHENTICATED, "the server wants to know who asks" },
	{ ERROR_LOGON_FAILURE, "the server refused the credentials" },
	{ ERROR_NO_SYSTEM_RESOURCES, "no resources are left" },
	{ ERROR_TIMEOUT, "the server does not answer" },
	{ RPC_S_NOT_LISTENING, "the server's RPC service does not listen" },
	{ RPC_S_UNKNOWN_IF, "the server does not offer the RPC interface" },
	{ RPC_S_SERVER_UNAVAILABLE, "the server's RPC service cannot be reached" },
	{ RPC_S_CALL_FAILED, "the RPC connection broke" },
	{ RPC_S_INVALID_BOUND, "the sizes in the RPC request differ" },
	{ RPC_S_UNKNOWN_AUTHN_LEVEL, "the RPC authentication level is not known" },
	{ RPC_X_BAD_STUB_DATA, "the RPC request does not decode" },
	{ RPC_S_CALL_CANCELLED, "the RPC call was cancelled" },
	{ RPC_S_UNSUPPORTED_AUTHN_LEVEL, "the RPC call has to be private" },
	{ WSAHOST_NOT_FOUND, "no such host" },
	{ WDSMCS_E_SESSION_SHUTDOWN_IN_PROGRESS, "the server is shutting the session down" },
	{ WDSMCS_E_REQCALLBACKS_NOT_REG, "the server's content provider lacks required callbacks" },
	{ WDSMCS_E_INCOMPATIBLE_VERSION, "the server's content provider has an incompatible version" },
	{ WDSMCS_E_CONTENT_NOT_FOUND, "no such object in the namespace" },
	{ WDSMCS_E_CLIENT_NOT_FOUND, "no such client" },
	{ WDSMCS_E_NAMESPACE_NOT_FOUND, "no such namespace" },
	{ WDSMCS_E_CONTENT_PROVIDER_NOT_FOUND, "no such content provider" },
	{ WDSMCS_E_NAMESPACE_ALREADY_EXISTS, "the namespace exists already" },
	{ WDSMCS_E_NAMESPACE_SHUTDOWN_IN_PROGRESS, "the namespace is being closed" },
	{ WDSMCS_E_NAMESPACE_ALREADY_STARTED, "the namespace has started already" },
	{ WDSMCS_E_NS_START_FAILED_NO_CLIENTS, "the namespace cannot start: it has no clients" },
	{ WDSMCS_E_START_TIME_IN_PAST, "the start time lies in the past" },
	{ WDSMCS_E_PACKET_NOT_HASHED, "a packet came without the required hash" },
	{ WDSMCS_E_PACKET_NOT_SIGNED, "a packet came without the required signature" },
	{ WDSMCS_E_PACKET_HAS_SECURITY, "a packet came with security where none is expected" },
	{ WDSMCS_E_PACKET_NOT_CHECKSUMED, "a packet came without the required checksum" },
	{ WDSMCS_E_CLIENT_DOESNOT_SUPPORT_SECURITY_MODE, "the client lacks the required security mode" },
	{ WDSTPC_E_CALLBACKS_NOT_REG, "required callbacks are not registered" },
	{ WDSTPC_E_ALREADY_COMPLETED, "the session has ended already" },
	{ WDSTPC_E_ALREADY_IN_PROGRESS, "the session is running already" },
	{ WDSTPC_E_UNKNOWN_ERROR, "unknown error" },
	{ WDSTPC_E_NOT_INITIALIZED, "the multicast client is not initialized" },
	{ WDSTPC_E_KICKED_POLICY_NOT_MET, "removed by the server: too slow for its policy" },
	{ WDSTPC_E_KICKED_FALLBACK, "removed by the administrator: fetch it some other way" },
	{ WDSTPC_E_KICKED_FAIL, "removed by the administrator: give up" },
	{ WDSTPC_E_KICKED_UNKNOWN, "removed by the administrator" },
	{ WDSTPC_E_MULTISTREAM_NOT_ENABLED, "multiple streams are not enabled" },
	{ WDSTPC_E_ALREADY_IN_LOWEST_SESSION, "the client is in the slowest stream already" },
	{ WDSTPC_E_CLIENT_DEMOTE_NOT_SUPPORTED, "the client cannot move to a slower stream" },
	{ WDSTPC_E_NO_IP4_INTERFACE, "the server has no IPv4 interface" },
	{ WDSTPTC_E_WIM_APPLY_REQUIRES_REFERENCE_IMAGE, "the image needs a reference image" },
};

const char *wdscast_error_text(DWORD code)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].code == code)
			return texts[i].text;
	return "unknown error code";
}
