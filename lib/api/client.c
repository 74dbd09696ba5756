/* The functions of wdstci.h that take a session: each checks its arguments, holds the session, and asks it. */
#include "api/session.h"

DWORD WdsTransportClientInitializeSession(PWDS_TRANSPORTCLIENT_REQUEST pSessionRequest, PVOID pCallerData,
                                          PHANDLE hSessionKey)
{
	struct session *s;
	HANDLE h;
	DWORD code;

	api_clear_error();
	if (!state_is_initialized())
		return WDSTPC_E_NOT_INITIALIZED;
	if (pSessionRequest == NULL || hSessionKey == NULL)
		return ERROR_INVALID_PARAMETER;
	code = session_new(pSessionRequest, pCallerData, &s);
	if (code != ERROR_SUCCESS)
		return code;
	code = state_add(s, &h);
	if (code == ERROR_SUCCESS)
		*hSessionKey = h;
	else
		session_free(s);
	return code;
}

DWORD WdsTransportClientRegisterCallback(HANDLE hSessionKey, TRANSPORTCLIENT_CALLBACK_ID CallbackId, PVOID pfnCallback)
{
	struct session *s;
	DWORD code;

	api_clear_error();
	code = state_enter(hSessionKey, &s);
	if (code != ERROR_SUCCESS)
		return code;
	code = session_register(s, CallbackId, pfnCallback);
	state_leave(s);
	return code;
}

DWORD wdscast_set_run_bytes(HANDLE session, uint32_t bytes)
{
	struct session *s;
	DWORD code;

	api_clear_error();
	code = state_enter(session, &s);
	if (code != ERROR_SUCCESS)
		return code;
	code = session_set_run_bytes(s, bytes);
	state_leave(s);
	return code;
}

DWORD WdsTransportClientStartSession(HANDLE hSessionKey)
{
	struct session *s;
	DWORD code;

	api_clear_error();
	code = state_enter(hSessionKey, &s);
	if (code != ERROR_SUCCESS)
		return code;
	code = session_start(s);
	state_leave(s);
	return code;
}

DWORD WdsTransportClientCompleteReceive(HANDLE hSessionKey, ULONG ulSize, PULARGE_INTEGER pullOffset)
{
	struct session *s;
	DWORD code;

	api_clear_error();
	code = state_hold(hSessionKey, &s);
	if (code != ERROR_SUCCESS)
		return code;
	code = pullOffset == NULL ? ERROR_INVALID_PARAMETER : session_complete_receive(s, ulSize, pullOffset->QuadPart);
	state_let_go(s);
	return code;
}

DWORD WdsTransportClientAddRefBuffer(PVOID pvBuffer)
{
	api_clear_error();
	return state_reference(pvBuffer, buffers_add_ref);
}

DWORD WdsTransportClientReleaseBuffer(PVOID pvBuffer)
{
	api_clear_error();
	return state_reference(pvBuffer, buffers_release);
}

DWORD WdsTransportClientCancelSession(HANDLE hSessionKey)
{
	return WdsTransportClientCancelSessionEx(hSessionKey, ERROR_CANCELLED);
}

DWORD WdsTransportClientCancelSessionEx(HANDLE hSessionKey, DWORD dwErrorCode)
{
	struct session *s;
	DWORD code;

	api_clear_error();
	code = state_enter(hSessionKey, &s);
	if (code != ERROR_SUCCESS)
		return code;
	code = session_cancel(s, dwErrorCode);
	state_leave(s);
	return code;
}

DWORD WdsTransportClientWaitForCompletion(HANDLE hSessionKey, ULONG uTimeout)
{
	struct session *s;
	DWORD code;

	api_clear_error();
	code = state_enter(hSessionKey, &s);
	if (code != ERROR_SUCCESS)
		return code;
	code = session_wait(s, uTimeout);
	state_leave(s);
	return code;
}

DWORD WdsTransportClientQueryStatus(HANDLE hSessionKey, PULONG puStatus, PULONG puErrorCode)
{
	struct session *s;
	DWORD code;

	api_clear_error();
	code = state_enter(hSessionKey, &s);
	if (code != ERROR_SUCCESS)
		return code;
	if (puStatus == NULL || puErrorCode == NULL)
		code = ERROR_INVALID_PARAMETER;
	else
		session_query(s, puStatus, puErrorCode);
	state_leave(s);
	return code;
}

DWORD WdsTransportClientCloseSession(HANDLE hSessionKey)
{
	DWORD code;

	api_clear_error();
	code = state_close(hSessionKey);
	threads_reap(false);
	return code;
}

DWORD WdsTransportClientNegotiateRequiredDataRange(HANDLE hSessionKey, HANDLE hNegotiateKey,
                                                   ULARGE_INTEGER ullDataRangeStart, ULARGE_INTEGER ullDataRangeSize)
{
	struct session *s;
	DWORD code;

	api_clear_error();
	code = state_hold(hSessionKey, &s);
	if (code != ERROR_SUCCESS)
		return code;
	code = session_want(s, hNegotiateKey, ullDataRangeStart.QuadPart, ullDataRangeSize.QuadPart);
	state_let_go(s);
	return code;
}
