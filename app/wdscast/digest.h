/* wdscast --digest: the SHA-256 of objects, as `sha256  namespace/object`. */
#ifndef WDSCAST_APP_DIGEST_H
#define WDSCAST_APP_DIGEST_H

/* Of one object, or of all below dir when `of` is NULL. Returns the exit code; mistakes go to stderr. */
int digest_print(const char *dir, const char *of);

#endif
