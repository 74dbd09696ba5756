#include "wdscast.h"

const char *wdscast_strerror(enum wdscast_err err)
{
#define X(name, text) [WDSCAST_##name] = text,
	static const char *const texts[] = { WDSCAST_ERR_MAP(X) };
#undef X

	if ((unsigned)err >= sizeof(texts) / sizeof(texts[0]))
		return "unknown error";
	return texts[err];
}
