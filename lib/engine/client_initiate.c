/* Initiation over UDP, MS-WDSMSI 2.2.2 and 3.1.6: ask each second, look hard at the answer. */
#include "engine/client_internal.h"
#include "wdserror.h"

/* What a server that takes exception to our own option hears in the end: requests without it. */
#define STAMP_REQUESTS 3

void client_initiate_due(struct client *c, ns_t now, struct outq *out)
{
	struct writer w;

	client_arm(c, CLIENT_TIMER_INITIATE, now + c->config.initiate_interval_ms * NS_PER_MS);
	if (!outq_begin(out, &w))
		return;
	if (c->stats.requests >= STAMP_REQUESTS && !proof_is_due(&c->config.client_security))
		c->config.request.stamp.is_set = false;
	msi_write_request(&w, &c->config.request);
	if (proof_is_due(&c->config.client_security))
		proof_end_request(&w, &c->config.client_security, c->config.nonce, c->request_digest);
	if (outq_end(out, &w, (uint32_t)writer_len(&w), &c->config.initiation) != NULL)
		c->stats.requests++;
}

void client_initiate_until_due(struct client *c, ns_t now, struct outq *out)
{
	client_finish(c, c->unproven != 0 ? c->unproven : ERROR_TIMEOUT, MT_LEAVE_CANCELLED, now, out);
}

/* Where a session lies, in a reply as in a DEMOTE. */
bool client_endpoints_are_sane(const struct endpoint *multicast, const struct endpoint *server)
{
	return multicast->ip.len == server->ip.len && ip_is_multicast(&multicast->ip) &&
	       !ip_is_multicast(&server->ip) && !ip_is_zero(&server->ip) && multicast->port != 0 &&
	       multicast->port == server->port;
}

/* The largest block whose DATA, in ODATA, in the server's mode, fits one UDP datagram over IPv4. */
static uint32_t block_bytes_max(const struct client *c)
{
	return 65507u - MT_SECURITY_HEADER_BYTES - security_data_len(&c->config.server_security) -
	       MT_SESSION_HEADER_BYTES - MT_DATA_FIELDS_BYTES - MA_DATA_FIELDS_BYTES - MT_OPTIONS_COUNT_BYTES;
}

/* Before anything is allocated for it; bitmap_bytes() is 0 for more blocks than any memory holds. */
static bool is_sane(const struct client *c, const struct msi_packet *p)
{
	const struct msi_reply *r = &p->reply;

	return p->missing == 0 && client_endpoints_are_sane(&r->multicast, &r->server) && r->block_bytes > 0 &&
	       r->block_bytes <= block_bytes_max(c) &&
	       r->total_blocks == ma_total_blocks(r->content_bytes, r->block_bytes) &&
	       bitmap_bytes(r->total_blocks) != 0;
}

static void take_offer(struct client *c, const struct msi_reply *r, struct outq *out)
{
	c->offer = (struct client_offer){ r->multicast,    r->server,      r->content_bytes,
		                          r->total_blocks, r->block_bytes, r->session_id,
		                          r->stamp };
	c->state = CLIENT_OFFERED;
	client_disarm_all(c);
	client_event(c, OUT_OFFER, out);
}

static bool is_unproven(const struct client *c, const struct msi_packet *p)
{
	return proof_is_due(&c->config.client_security) &&
	       !proof_of_answer_holds(&p->proof, &c->config.server_security, c->request_digest);
}

/* Anybody may have sent it, and the server's own may be on its way: that has a moment left to come. */
static void take_unproven(struct client *c, const struct msi_packet *p, ns_t now)
{
	c->stats.unproven++;
	if (c->unproven != 0)
		return;
	c->unproven = p->kind == MSI_ERROR ? p->error : WDSMCS_E_PACKET_NOT_HASHED;
	client_arm(c, CLIENT_TIMER_INITIATE_UNTIL,
	           ns_min(c->timer[CLIENT_TIMER_INITIATE_UNTIL], now + c->config.unproven_timeout_ms * NS_PER_MS));
}

void client_on_msi(struct client *c, const struct client_in *in, ns_t now, struct outq *out)
{
	const struct msi_packet *p = in->msi;

	if (c->state != CLIENT_INITIATING)
		c->stats.wrong_state++;
	else if (!endpoint_equal(in->from, &c->config.initiation))
		c->stats.wrong_sender++;
	else if (p->kind == MSI_REQUEST)
		c->stats.wrong_opcode++;
	else if (is_unproven(c, p))
		take_unproven(c, p, now);
	else if (p->kind == MSI_ERROR)
		client_finish(c, p->error, MT_LEAVE_CANCELLED, now, out);
	else if (!is_sane(c, p))
		client_finish(c, ERROR_INVALID_DATA, MT_LEAVE_CANCELLED, now, out);
	else
		take_offer(c, &p->reply, out);
}
