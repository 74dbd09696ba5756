#include "run/serve_internal.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "engine/proof.h"
#include "wdserror.h"

/*
 * Initiation over UDP, MS-WDSMSI 3.1.5.3. A name is looked up by the content thread; its answer holds for
 * SERVE_NAME_FRESH, good or bad, so a client that repeats its request each second costs one look-up a
 * second however many clients there are, and a file that was replaced gets a new session soon.
 */

static uint64_t hash_request(const struct msi_request *q, uint8_t ip_len)
{
	uint64_t names = XXH3_64bits_withSeed(q->name_space.units, q->name_space.len * sizeof(q->name_space.units[0]), ip_len);

	return XXH3_64bits_withSeed(q->content.units, q->content.len * sizeof(q->content.units[0]), names);
}

static bool same_name(const struct msi_name *a, const struct msi_name *b)
{
	return a->len == b->len && memcmp(a->units, b->units, a->len * sizeof(a->units[0])) == 0;
}

static struct serve_name *find_name(struct serve *w, const struct msi_request *q, uint8_t ip_len, uint64_t hash)
{
	for (uint32_t i = 0; i < SERVE_NAMES_MAX; i++) {
		struct serve_name *n = &w->names[i];

		if (n->state != SERVE_NAME_FREE && n->hash == hash && n->ip_len == ip_len &&
		    same_name(&n->name_space, &q->name_space) && same_name(&n->content, &q->content))
			return n;
	}
	return NULL;
}

/* A place for a new name: a free one, or the oldest of those that nobody waits for. NULL: all are asked. */
static struct serve_name *place_for_name(struct serve *w)
{
	struct serve_name *oldest = NULL;

	for (uint32_t i = 0; i < SERVE_NAMES_MAX; i++) {
		struct serve_name *n = &w->names[i];

		if (n->state == SERVE_NAME_FREE)
			return n;
		if (n->state == SERVE_NAME_KNOWN && (oldest == NULL || n->known_at < oldest->known_at))
			oldest = n;
	}
	return oldest;
}

static struct serve_name *add_name(struct serve *w, const struct msi_request *q, uint8_t ip_len, uint64_t hash)
{
	struct serve_name *n = place_for_name(w);

	if (n == NULL)
		return NULL;
	n->hash = hash;
	n->ip_len = ip_len;
	n->name_space = q->name_space;
	n->content = q->content;
	n->state = SERVE_NAME_KNOWN;
	return n;
}

/* May another answer be signed in this second? Requests can be said again by who overheard them. */
static bool may_sign(struct serve *w, ns_t now)
{
	if (now - w->signed_at >= NS_PER_S) {
		w->signed_at = now;
		w->signed_answers = 0;
	}
	return w->signed_answers++ < SERVE_SIGNED_A_SECOND;
}

/* digest: of the request, whose proof held; NULL: it had to have none, or had not. */
static void send_answer(struct serve *w, const struct serve_asker *to, const uint8_t *digest,
                        const struct server_config *session, uint32_t win32, ns_t now)
{
	struct writer out;

	if (!outq_begin(&w->out, &out))
		return;
	server_answer_request(&out, session, to->wants_stamp, win32);
	if (digest != NULL)
		proof_end_answer(&out, &w->config.server_security, digest);
	if (!credit_spend(&w->credits, &to->from.ip, (uint32_t)writer_len(&out), now)) {
		w->stats.unanswered++;
		return;
	}
	outq_end(&w->out, &out, (uint32_t)writer_len(&out), &to->from);
	serve_claim(w, NULL);
	w->stats.replies += win32 == 0;
	w->stats.refusals += win32 != 0;
}

static void reply(struct serve *w, const struct serve_asker *to, const struct server_config *session, uint32_t win32,
                  ns_t now)
{
	bool proven = proof_is_due(&w->config.client_security);

	if (proven && w->config.server_security.mode == SECURITY_SIGN && !may_sign(w, now))
		w->stats.requests_dropped++;
	else
		send_answer(w, to, proven ? to->digest : NULL, session, win32, now);
}

static void refuse(struct serve *w, const struct serve_name *n, const struct serve_asker *to, ns_t now)
{
	reply(w, to, NULL, n->win32, now);
	serve_tell_refused(w, &n->name_space, &n->content, &to->from, n->win32, now);
}

static void add_waiter(struct serve *w, struct serve_name *n, const struct serve_asker *asker)
{
	for (uint32_t i = 0; i < n->waiter_count; i++)
		if (endpoint_equal(&n->waiters[i].from, &asker->from)) {
			n->waiters[i] = *asker;
			return;
		}
	if (n->waiter_count == SERVE_WAITERS_MAX)
		w->stats.requests_dropped++;
	else
		n->waiters[n->waiter_count++] = *asker;
}

static void ask(struct serve *w, struct serve_name *n)
{
	struct serve_order order = { .type = SERVE_ORDER_FIND, .name = (uint32_t)(n - w->names) };

	n->state = SERVE_NAME_ASKED;
	serve_order(w, &order);
}

/* Names of that address that are being looked up: requests cost little, and who asks for all names would be first. */
static bool asks_too_much(const struct serve *w, const struct ip_addr *ip)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < SERVE_NAMES_MAX; i++) {
		const struct serve_name *n = &w->names[i];

		count += (n->state == SERVE_NAME_ASKED || n->state == SERVE_NAME_WAITS) && n->waiter_count > 0 &&
		         ip_equal(&n->waiters[0].from.ip, ip);
	}
	return count >= SERVE_SOURCE_MAX;
}

static void answer(struct serve *w, const struct msi_request *q, const struct serve_asker *asker, uint8_t ip_len,
                   ns_t now)
{
	uint64_t hash = hash_request(q, ip_len);
	struct serve_name *n = find_name(w, q, ip_len, hash);
	const struct serve_session *s;

	if (n != NULL && n->state == SERVE_NAME_KNOWN && now - n->known_at < SERVE_NAME_FRESH) {
		s = n->win32 == 0 ? serve_find(w, n->session, n->session_id) : NULL;
		if (n->win32 != 0) {
			refuse(w, n, asker, now);
			return;
		}
		if (s != NULL) {
			reply(w, asker, &s->config, 0, now);
			return;
		}
	}
	if ((n == NULL || n->state == SERVE_NAME_KNOWN) && asks_too_much(w, &asker->from.ip)) {
		w->stats.requests_dropped++;
		return;
	}
	if (n == NULL)
		n = add_name(w, q, ip_len, hash);
	if (n == NULL) {
		w->stats.requests_dropped++;
		return;
	}
	if (n->state == SERVE_NAME_KNOWN) {
		n->waiter_count = 0;
		ask(w, n);
	}
	add_waiter(w, n, asker);
}

/* Is the request proven, where it has to be? Else it is refused, in words that a client without a key reads too. */
static bool admit(struct serve *w, const struct msi_packet *p, struct serve_asker *asker, ns_t now)
{
	if (!proof_is_due(&w->config.client_security) ||
	    proof_of_request_holds(&p->proof, &w->config.client_security, asker->digest))
		return true;
	w->stats.unproven++;
	send_answer(w, asker, NULL, NULL, WDSMCS_E_CLIENT_DOESNOT_SUPPORT_SECURITY_MODE, now);
	serve_tell_refused(w, &p->request.name_space, &p->request.content, &asker->from,
	                   WDSMCS_E_CLIENT_DOESNOT_SUPPORT_SECURITY_MODE, now);
	return false;
}

void serve_on_request(struct serve *w, const struct net_datagram *d, ns_t now)
{
	struct serve_asker asker = { .from = d->from };
	struct msi_packet p;
	uint8_t ip_len;

	if (!link_verify(w->link, d))
		return;
	if (!msi_read(d->data, d->len, &p) || p.kind != MSI_REQUEST || d->from.port == 0) {
		w->stats.malformed++;
		return;
	}
	/* Step 5; and who reaches us by IPv4 gets IPv4, whatever else it can. */
	ip_len = d->from.ip.len == 16 && p.request.ipv6_capable ? 16 : 4;
	asker.wants_stamp = p.request.stamp.is_set;
	w->stats.requests++;
	credit_earn(&w->credits, &d->from.ip, d->len, now);
	if (!admit(w, &p, &asker, now))
		return;
	if (w->stopping)
		reply(w, &asker, NULL, WDSMCS_E_SESSION_SHUTDOWN_IN_PROGRESS, now);
	else if (p.missing != 0)
		reply(w, &asker, NULL, ERROR_INVALID_PARAMETER, now); /* step 1 */
	else if (ip_len == 4 && w->config.ip4.len == 0)
		reply(w, &asker, NULL, WDSTPC_E_NO_IP4_INTERFACE, now);
	else
		answer(w, &p.request, &asker, ip_len, now);
}

/* s: its session; NULL: win32 says why there is none. */
static void know(struct serve *w, struct serve_name *n, const struct serve_session *s, uint32_t win32, ns_t now)
{
	n->state = SERVE_NAME_KNOWN;
	n->known_at = now;
	n->waits_since = 0;
	n->win32 = win32;
	for (uint32_t i = 0; i < n->waiter_count; i++)
		if (s != NULL)
			reply(w, &n->waiters[i], &s->config, 0, now);
		else
			refuse(w, n, &n->waiters[i], now);
	n->waiter_count = 0;
}

/* Will a place for a session be free soon? Those with an active client stay. */
static bool place_is_near(const struct serve *w)
{
	for (uint32_t i = 0; i < SERVE_SESSIONS_MAX; i++)
		if (w->sessions[i] == NULL || w->sessions[i]->server.active_count == 0)
			return true;
	return false;
}

/* There was no place for its session. If one was given back since, the order to close it goes first. */
static void wait_for_place(struct serve *w, struct serve_name *n, ns_t now)
{
	n->waits_since = n->waits_since == 0 ? now : n->waits_since;
	if (w->session_count < SERVE_SESSIONS_MAX) {
		ask(w, n);
		return;
	}
	n->state = SERVE_NAME_WAITS;
	w->names_waiting++;
}

/* The name that has waited longest gets it: so who asks for many does not keep others from one for long. */
void serve_on_place(struct serve *w)
{
	struct serve_name *oldest = NULL;

	for (uint32_t i = 0; w->names_waiting > 0 && !w->stopping && i < SERVE_NAMES_MAX; i++)
		if (w->names[i].state == SERVE_NAME_WAITS &&
		    (oldest == NULL || w->names[i].waits_since < oldest->waits_since))
			oldest = &w->names[i];
	if (oldest == NULL)
		return;
	w->names_waiting--;
	ask(w, oldest);
}

void serve_run_names(struct serve *w, ns_t now)
{
	if (w->names_waiting == 0 || now < w->names_at)
		return;
	w->names_at = now + SERVE_LOOK_EVERY;
	for (uint32_t i = 0; i < SERVE_NAMES_MAX; i++) {
		struct serve_name *n = &w->names[i];

		if (n->state != SERVE_NAME_WAITS || (now - n->waits_since < SERVE_PLACE_WAIT && place_is_near(w)))
			continue;
		w->names_waiting--;
		know(w, n, NULL, ERROR_NO_SYSTEM_RESOURCES, now);
	}
}

/*
 * An address that opens one session after the other and joins none has so many: then its oldest closes. Requests of
 * made up addresses come to nothing in the same way, but later, when places get few: serve_session.c.
 */
static void limit_opener(struct serve *w, const struct ip_addr *opener, ns_t now)
{
	struct serve_session *oldest = NULL;
	uint32_t count = 0;

	for (uint32_t i = 0; i < SERVE_SESSIONS_MAX; i++) {
		struct serve_session *s = w->sessions[i];

		if (s == NULL || s->closing || s->was_joined || !ip_equal(&s->opener, opener))
			continue;
		count++;
		if (oldest == NULL || s->idle_since < oldest->idle_since)
			oldest = s;
	}
	if (count > SERVE_SOURCE_MAX)
		serve_close_session(w, oldest, now);
}

static void adopt(struct serve *w, struct serve_session *made, const struct serve_name *n, ns_t now)
{
	serve_adopt(w, made, now);
	made->opener = n->waiters[0].from.ip;
	limit_opener(w, &made->opener, now);
}

void serve_on_answer(struct serve *w, const struct serve_answer *a, ns_t now)
{
	struct serve_name *n = &w->names[a->name];
	const struct serve_session *s = NULL;

	if (a->made != NULL)
		adopt(w, a->made, n, now);
	if (a->win32 == 0) {
		s = serve_find(w, a->session, a->session_id);
		if (s == NULL && !w->stopping) { /* closed while it was looked up: its order to close went first */
			ask(w, n);
			return;
		}
	}
	if (a->is_full && !w->stopping && place_is_near(w)) {
		wait_for_place(w, n, now);
		return;
	}
	n->session = a->session;
	n->session_id = a->session_id;
	know(w, n, s, a->win32 == 0 && s == NULL ? WDSMCS_E_SESSION_SHUTDOWN_IN_PROGRESS : a->win32, now);
}
