/*
 * The Missing ODATA List, MS-WDSMT 3.2.1.3.1. Of the numbers from FirstODATASeqNo to missing_end
 * those in `missing` have not come and can still be repaired.
 *
 * The list is bounded. When it is full it says that too much is missing, never too little: a
 * number that did come is asked for again, which costs a repair; one that is forgotten would be
 * acknowledged unseen.
 */
#include "engine/client_internal.h"

/*
 * E7: the list begins with the first number seen, as if all up to `received` had come. What went
 * before is ignored when it comes, so to ask for it would only cut the window.
 */
void client_missing_begin(struct client *c, uint64_t received)
{
	c->missing_start = c->missing_end = received;
	c->missing.n = 0;
}

/*
 * 3.2.1.3.1.1: what is below the trail is gone. Where all of the list is, the text sets the end to
 * the trail itself, as if that number had come; but it is still to be had, and with an empty Data
 * Packet List it is not even sent, so that an ACK of it would be refused. Hence trail - 1.
 */
void client_missing_raise(struct client *c, uint64_t trail)
{
	c->missing_start = trail;
	if (c->missing.n > 0 && c->missing.v[0].first < trail)
		ranges_remove(&c->missing, 0, trail - 1); /* splits nothing: there is always room */
	if (c->missing_end < trail)
		c->missing_end = trail - 1;
}

/* 3.2.1.3.1.2. E6: nothing changes when lead is the end already. */
void client_missing_lead(struct client *c, uint64_t lead)
{
	if (lead <= c->missing_end)
		return;
	if (!ranges_add(&c->missing, c->missing_end + 1, lead))
		c->missing.v[c->missing.n - 1].last = lead; /* full: with what came in between */
	c->missing_end = lead;
}

/* A packet that is not the next in order: it opens a gap, or closes one. */
void client_missing_fill(struct client *c, uint64_t seq_no)
{
	if (seq_no > c->missing_end) {
		client_missing_lead(c, seq_no - 1);
		c->missing_end = seq_no;
	} else if (c->missing.n > 0) {
		ranges_remove(&c->missing, seq_no, seq_no); /* full and in the middle of a range: it stays */
	}
}
