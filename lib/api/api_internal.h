/* The API's own parts, and what a test may put in place of the machine. */
#ifndef WDSCAST_API_INTERNAL_H
#define WDSCAST_API_INTERNAL_H

#include "run/ctl.h"
#include "wdserror.h"

#define API_CORES_MAX 64
#define API_TEXT_BYTES 256
#define API_PATH_BYTES 512

/* ---- last_error.c ---- */

/* Sets what wdscast_last_error_text() says on this thread, and returns the code. */
DWORD api_fail(DWORD code, const char *format, ...) __attribute__((format(printf, 2, 3)));
void api_clear_error(void);
DWORD api_code_of(enum wdscast_err err);

/* ---- options.c ---- */

struct api_options {
	char port[128];
	struct ip_addr ip4, gateway4, ip6, gateway6;
	uint8_t prefix4, prefix6;
	int core;                  /* the worker's, or -1 */
	int more_cores[SHARE_WORKERS_MAX - 1]; /* of more workers, or -1 */
	uint32_t workers;
	bool tap;                  /* for what is not ours, on ports without a kernel */
	bool poll_given;
	enum worker_poll poll;
	uint64_t memory_bytes;
	uint32_t initiate_timeout_ms, inactivity_timeout_ms, stall_timeout_ms;
	char key[API_PATH_BYTES], verify_key[API_PATH_BYTES];
	struct security server_security, client_security; /* of those */
	void (*on_port)(const char *spec);                /* NULL: nobody wants to know */
};

/* Everything together, at the first Initialize: what was configured, the environment, the file, the defaults. */
DWORD api_options_read(struct api_options *out);
/* What it read of keys goes. */
void api_options_forget(struct api_options *o);

/* ---- ports.c ---- */

typedef enum wdscast_err api_port_opener(const struct port_config *config, struct port **out, char *why);
/* For tests, before Initialize: what opens ports; NULL: port_open() again. */
void api_set_port_opener(api_port_opener *opener);
/*
 * The worker on the port by which `server` is reached, made on first use. It lives until api_ports_close().
 * NULL: *code, and the thread's error text, tell.
 */
struct worker *api_worker_for(const struct api_options *o, const struct ip_addr *server, DWORD *code);
/* All workers end. No session runs. */
void api_ports_close(void);

/* ---- server_name.c ---- */

/* "host", "host:port", "[v6]:port" or a bare v6 address, resolved. */
DWORD api_resolve_server(const char *text, struct endpoint *out);

#endif
