/*
 * One lane's share of a worker's turn. Payload is touched once: the copy from the frame to the slot is
 * also the pass that verifies it (CHECKSUM), and a packet that does not verify has changed nothing.
 */
#include "run/rx_lane.h"

#include "run/rx_hash.h"

#define COUNT_EVERY_NS (100 * NS_PER_MS)
#define HELD_RETRY_NS NS_PER_MS /* a neighbour on the same wire answers within that */

static void copy_counters(struct lane *lane, ns_t now)
{
	const struct client_stats *s = &lane->client.stats;
	const uint64_t v[LANE_COUNTERS] = {
		[LANE_COUNT_blocks] = lane->taken_blocks,
		[LANE_COUNT_bytes] = lane->taken_bytes,
		[LANE_COUNT_wanted_blocks] = lane->wanted_blocks,
		[LANE_COUNT_odata] = s->odata,
		[LANE_COUNT_rdata] = s->rdata,
		[LANE_COUNT_duplicates] = s->duplicates,
		[LANE_COUNT_repaired_blocks] = s->repaired_blocks,
		[LANE_COUNT_refused_no_room] = s->refused_no_room,
		[LANE_COUNT_lost_seq_nos] = s->lost_seq_nos,
		[LANE_COUNT_nacks] = s->nacks,
		[LANE_COUNT_zero_nacks] = s->zero_nacks,
		[LANE_COUNT_acks] = s->acks,
		[LANE_COUNT_pollacks] = s->pollacks,
		[LANE_COUNT_qcrs] = s->qcrs,
		[LANE_COUNT_joins] = s->joins,
		[LANE_COUNT_requests] = s->requests,
		[LANE_COUNT_malformed] = lane->malformed,
		[LANE_COUNT_wrong_security] = lane->wrong_security,
		[LANE_COUNT_unverified] = lane->unverified,
		[LANE_COUNT_wrong_state] = s->wrong_state,
		[LANE_COUNT_wrong_sender] = s->wrong_sender,
		[LANE_COUNT_wrong_session] = s->wrong_session,
		[LANE_COUNT_wrong_opcode] = s->wrong_opcode,
		[LANE_COUNT_stale] = s->stale,
		[LANE_COUNT_bad_payload] = s->bad_payload,
		[LANE_COUNT_unsent] = lane->unsent,
		[LANE_COUNT_unproven] = s->unproven,
		[LANE_COUNT_by_multicast] = lane->by_multicast,
		[LANE_COUNT_joinacks] = s->joinacks,
		[LANE_COUNT_lost_on_wire] = 0, /* ctl_lost_on_wire() knows the other workers' counters too */
		[LANE_COUNT_slots_used] = lane->has_store ? store_used(&lane->store) : 0,
	};
	bool clogged = lane->client.state == CLIENT_REGULAR && (lane->client.ack_held || store_room(&lane->store) == 0);

	lane->counted_at = now;
	for (unsigned i = 0; i < LANE_COUNTERS; i++)
		atomic_store_explicit(&lane->counters[i], v[i], memory_order_relaxed);
	atomic_store_explicit(&lane->clogged, clogged, memory_order_relaxed);
}

/*
 * Keep the first packet that waits for ARP or ND and try it again soon: else the request to the server
 * would come a second late. After a second the engine's own timers have gone on.
 */
static void hold(struct lane *lane, const uint8_t *bytes, const struct out_packet *p, ns_t now)
{
	if (lane->held_since == 0)
		lane->held_since = now;
	if (lane->held_len > 0 || now - lane->held_since >= NS_PER_S) {
		lane->unsent++;
		lane->held_since = lane->held_len > 0 ? lane->held_since : 0;
		return;
	}
	memcpy(lane->held, bytes, p->head_len);
	lane->held_len = p->head_len;
	lane->held_to = p->to;
	lane->held_at = now + HELD_RETRY_NS;
}

/* A client's packets are control packets: whole, in one piece. */
static void send_packets(struct rx *rx, struct lane *lane, ns_t now)
{
	struct outq *q = &rx->out;

	for (; rx->out_sent < q->packet_count; rx->out_sent++) {
		const struct out_packet *p = &q->packets[rx->out_sent];
		const uint8_t *bytes = q->bytes + p->head_at;
		struct link_packet packet = { .from = &lane->local, .to = &p->to, .head = bytes, .head_len = p->head_len };

		switch (link_send(&rx->link, &packet, now)) {
		case LINK_SENT:
			lane->held_since = 0;
			break;
		case LINK_NO_PATH:
			hold(lane, bytes, p, now);
			break;
		case LINK_FULL:
			lane->unsent++;
			break;
		}
	}
}

static void send_held(struct rx *rx, struct lane *lane, ns_t now)
{
	struct writer w;

	if (!outq_begin(&rx->out, &w))
		return;
	writer_bytes(&w, lane->held, lane->held_len);
	outq_end(&rx->out, &w, lane->held_len, &lane->held_to);
	lane->held_len = 0;
	send_packets(rx, lane, now);
}

static void set_phase(struct lane *lane, enum lane_phase phase)
{
	atomic_store_explicit(&lane->phase, phase, memory_order_release); /* L1 */
	lane->rang = true;
}

static void leave_group(struct rx *rx, struct lane *lane, ns_t now)
{
	if (!lane->multicast.used)
		return;
	link_leave(&rx->link, &lane->multicast.at.ip, now);
	rx_unplace(rx, &lane->multicast);
}

static void take_event(struct rx *rx, struct lane *lane, const struct out_event *e, ns_t now)
{
	switch (e->type) {
	case OUT_OFFER:
		lane->offer = lane->client.offer;
		set_phase(lane, LANE_OFFERED);
		break;
	case OUT_MOVED:
		leave_group(rx, lane, now);
		lane->offer = lane->client.offer;
		atomic_fetch_add_explicit(&lane->moves, 1, memory_order_release); /* L2 */
		lane->rang = true;
		break;
	case OUT_FINISHED:
		lane->result = e->win32;
		copy_counters(lane, now);
		rx_copy_counters(rx, now);
		set_phase(lane, LANE_FINISHED);
		break;
	case OUT_CLOSED:
		lane->closed = true;
		rx->closed_count++;
		break;
	default:
		break;
	}
}

/* An ACK that waits for the consumer goes on as slots come back: the worker looks at each turn. */
static void watch_room(struct rx *rx, struct lane *lane)
{
	bool awaits = lane->client.ack_held && !lane->closed;

	if (awaits == lane->awaits_room)
		return;
	lane->awaits_room = awaits;
	rx->awaiting_room += awaits ? 1 : -1u;
	lane->room_seen = awaits ? store_room(&lane->store) : 0;
}

/* After most packets there is nothing to do but to look. */
static void after_step(struct rx *rx, struct lane *lane, ns_t now)
{
	for (uint32_t i = 0; i < rx->out.event_count; i++)
		take_event(rx, lane, &rx->out.events[i], now);
	rx->out.event_count = 0;
	if (rx->out_sent < rx->out.packet_count)
		send_packets(rx, lane, now);
	if (lane->client.ack_held || lane->awaits_room)
		watch_room(rx, lane);
	if (!lane->closed)
		rx->deadline = ns_min(rx->deadline, ns_min(client_due_at(&lane->client), lane->counted_at + COUNT_EVERY_NS));
	if (lane->held_len > 0)
		rx->deadline = ns_min(rx->deadline, lane->held_at);
}

void rx_lane_step(struct rx *rx, struct lane *lane, const struct client_in *in, ns_t now)
{
	uint32_t load = atomic_load_explicit(&lane->load, memory_order_relaxed);

	lane->client.load = (struct client_load){ (uint8_t)(load >> 16), (uint8_t)(load >> 8), (uint8_t)load };
	client_step(&lane->client, in, now, &rx->out);
	after_step(rx, lane, now);
}

/* Copy the block to its slot and verify the packet, in one pass where the mode allows it. */
static enum security_verdict copy_block(const struct security *s, const struct mt_packet *p, const struct ma_data *block,
                                        bool verified, uint8_t *slot)
{
	const uint8_t *end = p->covered + p->covered_len, *tail = block->data + block->data_len;

	if (s->mode != SECURITY_CHECKSUM) {
		enum security_verdict v = verified ? SECURITY_OK : security_verify(s, p);

		if (v == SECURITY_OK)
			memcpy(slot, block->data, block->data_len);
		return v;
	}
	uint32_t sum = security_copy_sum(slot, block->data, block->data_len, (size_t)(block->data - p->covered),
	                                 (size_t)(end - tail));

	return security_sum_agrees(&p->security, sum) ? SECURITY_OK : SECURITY_BAD;
}

#define INLINE static inline __attribute__((always_inline)) /* twice: the way without hashes is to be short */

INLINE void take_block(struct rx *rx, struct lane *lane, struct client_in *in, const struct ma_data *block, bool verified,
                       ns_t now)
{
	const struct security *security = &lane->config.server_security;
	struct store *store = &lane->store;
	uint32_t slot = store_reserve(store);
	enum security_verdict v;

	assert(block->data_len <= store->block_bytes); /* client_wants() has looked */
	if (slot != STORE_NO_SLOT)
		v = copy_block(security, in->packet, block, verified, store_slot(store, slot));
	else
		v = verified ? SECURITY_OK : security_verify(security, in->packet);
	if (v != SECURITY_OK) {
		lane->unverified++;
		if (slot != STORE_NO_SLOT)
			store_unreserve(store, slot);
		return;
	}
	link_ahead(&rx->link);
	in->block = block;
	in->stored = slot != STORE_NO_SLOT;
	in->free_slots = store_room(store);
	client_step(&lane->client, in, now, &rx->out);
	if (in->stored) {
		store_publish(store, slot, block->block_no, block->data_len);
		lane->taken_blocks++;
		lane->taken_bytes += block->data_len;
		lane->rang = true;
	}
	after_step(rx, lane, now); /* after the block is published: it may be the last */
}

/* A packet with the right header. verified: its hash was looked at already. */
INLINE void take_packet(struct rx *rx, struct lane *lane, const struct mt_packet *packet, const struct endpoint *from,
                        bool verified, ns_t now)
{
	struct client_in in = { .type = CLIENT_IN_PACKET, .from = from, .packet = packet };
	struct ma_data block;

	switch (client_wants(&lane->client, packet, from, &block)) {
	case CLIENT_WANT_NOT:
		return;
	case CLIENT_WANT_BLOCK:
		take_block(rx, lane, &in, &block, verified, now);
		return;
	case CLIENT_WANT_STEP:
		break;
	}
	if (!verified && security_verify(&lane->config.server_security, packet) != SECURITY_OK) {
		lane->unverified++;
		return;
	}
	in.free_slots = lane->store.slots > 0 ? store_room(&lane->store) : 0;
	rx_lane_step(rx, lane, &in, now);
}

static __attribute__((noinline)) void take_hashed(struct rx *rx, struct lane *lane, const struct mt_packet *packet,
                                                  const struct endpoint *from, ns_t now)
{
	take_packet(rx, lane, packet, from, true, now);
}

void rx_lane_settle(struct rx *rx, struct lane *lane, ns_t now)
{
	struct rx_hash *h = lane->hash;
	uint32_t n = rx_hash_verify(h, &lane->config.server_security);

	for (uint32_t i = 0; i < n && !lane->closed; i++) {
		if (h->verdicts[i] == SECURITY_OK)
			take_hashed(rx, lane, &h->packets[i], &h->from[i], now);
		else
			lane->unverified++;
	}
}

/* It waits for others of the burst; rx.c settles them all before their bytes go. */
static __attribute__((noinline)) void gather(struct rx *rx, struct lane *lane, const struct mt_packet *packet,
                                             const struct net_datagram *d, ns_t now)
{
	if (!client_hears(&lane->client, packet, &d->from))
		return;
	if (rx_hash_is_full(lane->hash))
		rx_lane_settle(rx, lane, now);
	if (lane->closed)
		return;
	link_keep(&rx->link, d);
	rx_hash_add(lane->hash, packet, &d->from);
}

static void read_packet(struct rx *rx, struct lane *lane, const struct net_datagram *d, ns_t now)
{
	struct mt_packet packet;

	if (lane->config.server_security.mode == SECURITY_NONE && !link_verify(&rx->link, d))
		return;
	if (mt_read(d->data, d->len, &packet) != MT_READ_OK) {
		lane->malformed++;
		return;
	}
	link_ahead(&rx->link);
	if (security_check_header(&lane->config.server_security, &packet.security) != SECURITY_OK) {
		lane->wrong_security++;
		return;
	}
	if (lane->hash != NULL)
		gather(rx, lane, &packet, d, now);
	else
		take_packet(rx, lane, &packet, &d->from, false, now);
}

static void take_initiation(struct rx *rx, struct lane *lane, const struct net_datagram *d, ns_t now)
{
	struct msi_packet msi;

	if (!link_verify(&rx->link, d) || !msi_read(d->data, d->len, &msi)) {
		lane->malformed++;
		return;
	}
	rx_lane_step(rx, lane, &(struct client_in){ .type = CLIENT_IN_MSI, .from = &d->from, .msi = &msi }, now);
}

void rx_lane_datagram(struct rx *rx, struct lane *lane, const struct net_datagram *d, ns_t now)
{
	if (lane->closed)
		return;
	lane->by_multicast += d->to_multicast;
	if (!d->to_multicast && endpoint_equal(&d->from, &lane->config.initiation))
		take_initiation(rx, lane, d, now);
	else
		read_packet(rx, lane, d, now);
}

void rx_lane_accept(struct rx *rx, struct lane *lane, ns_t now)
{
	const struct endpoint *group = &lane->client.offer.multicast;

	lane->has_store = true;
	if (!lane->multicast.used) {
		link_join(&rx->link, &group->ip, now);
		rx_place(rx, &lane->multicast, lane, group);
	}
	if (atomic_load_explicit(&lane->phase, memory_order_relaxed) == LANE_OFFERED) {
		lane->wanted_blocks = lane->blocks.bits - lane->blocks.ones;
		set_phase(lane, LANE_RUNNING);
	}
	rx_lane_step(rx, lane, &(struct client_in){ .type = CLIENT_IN_ACCEPT, .blocks = &lane->blocks }, now);
}

void rx_lane_tick(struct rx *rx, struct lane *lane, ns_t now)
{
	if (lane->held_len > 0 && now >= lane->held_at)
		send_held(rx, lane, now);
	if (now - lane->counted_at >= COUNT_EVERY_NS)
		copy_counters(lane, now);
	if (!lane->closed && now >= client_due_at(&lane->client))
		rx_lane_step(rx, lane, &(struct client_in){ .type = CLIENT_IN_TICK }, now);
	else
		after_step(rx, lane, now);
}

void rx_lane_room(struct rx *rx, struct lane *lane, ns_t now)
{
	uint32_t room = store_room(&lane->store);

	if (room <= lane->room_seen)
		return;
	lane->room_seen = room;
	rx_lane_step(rx, lane, &(struct client_in){ .type = CLIENT_IN_ROOM, .free_slots = room }, now);
}

void rx_lane_detach(struct rx *rx, struct lane *lane, ns_t now)
{
	leave_group(rx, lane, now);
	rx_unplace(rx, &lane->unicast);
	copy_counters(lane, now);
	set_phase(lane, LANE_CLOSED);
	host_bell_ring(lane->bell);
	atomic_store_explicit(&lane->detached, true, memory_order_release); /* L3 */
}
