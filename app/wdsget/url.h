/* wds://SERVER[:PORT]/NAMESPACE/OBJECT, percent-encoded. */
#ifndef WDSGET_URL_H
#define WDSGET_URL_H

#include "options.h"

/* Fills in server, name_space and object. NULL, or what is wrong. */
const char *url_read(const char *url, struct options *o);

#endif
