#include "api/api_internal.h"

#include <stdarg.h>
#include <stdio.h>

static _Thread_local char text[API_TEXT_BYTES];

DWORD api_fail(DWORD code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return code;
}

void api_clear_error(void)
{
	text[0] = '\0';
}

const char *wdscast_last_error_text(void)
{
	return text;
}

DWORD api_code_of(enum wdscast_err err)
{
	switch (err) {
	case WDSCAST_OK:
		return ERROR_SUCCESS;
	case WDSCAST_EINVAL:
		return ERROR_INVALID_PARAMETER;
	case WDSCAST_ENOMEM:
		return ERROR_NOT_ENOUGH_MEMORY;
	case WDSCAST_EPERM:
		return ERROR_ACCESS_DENIED;
	case WDSCAST_ENODEV:
		return ERROR_FILE_NOT_FOUND;
	case WDSCAST_EBUSY:
	case WDSCAST_EADDRINUSE:
		return ERROR_BUSY;
	case WDSCAST_ENOTSUP:
		return ERROR_NOT_SUPPORTED;
	case WDSCAST_ENOROUTE:
		return ERROR_HOST_UNREACHABLE;
	case WDSCAST_EIO:
		return ERROR_GEN_FAILURE;
	case WDSCAST_ESTATE:
		return ERROR_NOT_READY;
	}
	return WDSTPC_E_UNKNOWN_ERROR;
}
