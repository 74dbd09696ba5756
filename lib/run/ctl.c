#include "run/ctl.h"

#include <stdio.h>
#include <stdlib.h>

#include "run/rx_hash.h"
#include "wdserror.h"

#define DELIVER_AT_ONCE 64
#define LOAD_EVERY_NS (5 * NS_PER_S)
#define NEIGHBOUR_EVERY_NS NS_PER_S
#define SLEEP_NS NS_PER_S
#define DETACH_NAP_NS NS_PER_MS
#define BLOCK_BYTES_MAX 65507 /* a block travels in one UDP datagram */
#define WANTED_MAX (1u << 20) /* ranges */

/* ---- outcome: the first of cancel and end to come is it ---- */

#define OUTCOME_CANCELLED (1ull << 32)
#define OUTCOME_DECIDED (2ull << 32)

static bool is_cancelled(struct ctl *c)
{
	return atomic_load_explicit(&c->outcome, memory_order_acquire) != 0;
}

/* The session's code. A failure that the engine saw first stands; a cancel is before a success not yet told. */
static uint32_t decide(struct ctl *c, uint32_t result)
{
	uint64_t open = 0;

	if (atomic_compare_exchange_strong(&c->outcome, &open, OUTCOME_DECIDED | result))
		return result;
	result = result != ERROR_SUCCESS ? result : (uint32_t)open;
	atomic_store(&c->outcome, OUTCOME_DECIDED | result);
	return result;
}

static void send_cancel(struct ctl *c, uint32_t win32)
{
	worker_command(c->config.worker, &(struct rx_command){ .type = RX_CANCEL, .id = c->lane.id, .win32 = win32 });
}

void ctl_cancel(struct ctl *c, uint32_t win32)
{
	uint64_t open = 0;

	if (!atomic_compare_exchange_strong(&c->outcome, &open, OUTCOME_CANCELLED | win32))
		return;
	send_cancel(c, win32);
	host_bell_ring(&c->bell);
}

/* ---- memory ---- */

static bool take(struct ctl *c, size_t bytes)
{
	struct ctl_budget *b = c->config.budget;
	uint64_t used = atomic_fetch_add(&b->used, bytes);

	if (used <= b->limit && bytes <= b->limit - used)
		return true;
	atomic_fetch_sub(&b->used, bytes);
	return false;
}

/* Zeroed memory within the budget, on the port's node; NULL when there is none. */
static void *allocate(struct ctl *c, size_t bytes, size_t *got)
{
	void *p;

	if (!take(c, bytes))
		return NULL;
	p = host_alloc(bytes, c->config.worker->port->info.node);
	if (p == NULL)
		atomic_fetch_sub(&c->config.budget->used, bytes);
	else
		*got = bytes;
	return p;
}

static void give_back(struct ctl *c, void *p, size_t bytes)
{
	if (p == NULL)
		return;
	host_free(p, bytes);
	atomic_fetch_sub(&c->config.budget->used, bytes);
}

/* As many blocks as the cache limit allows, but at least one, and no more than there are. */
static uint32_t slots_for(const struct ctl *c)
{
	uint64_t n = c->config.cache_bytes / c->offer.block_bytes;

	if (n > c->offer.total_blocks)
		n = c->offer.total_blocks;
	if (n > STORE_SLOTS_MAX)
		n = STORE_SLOTS_MAX;
	return n == 0 ? 1 : (uint32_t)n;
}

static uint32_t no_memory(struct ctl *c)
{
	snprintf(c->why, sizeof(c->why),
	         "not enough memory for %llu blocks of %u bytes and a cache of %llu bytes (limit for all sessions: %llu bytes)",
	         (unsigned long long)c->offer.total_blocks, c->offer.block_bytes,
	         (unsigned long long)c->config.cache_bytes, (unsigned long long)c->config.budget->limit);
	return ERROR_NOT_ENOUGH_MEMORY;
}

/* Nothing is allocated before the offer's sizes make sense and fit the budget. */
static uint32_t make_store(struct ctl *c)
{
	const struct client_offer *o = &c->offer;
	size_t bits = bitmap_bytes(o->total_blocks);
	uint32_t slots;

	if (o->block_bytes == 0 || o->block_bytes > BLOCK_BYTES_MAX) {
		snprintf(c->why, sizeof(c->why), "the server offers blocks of %u bytes", o->block_bytes);
		return ERROR_INVALID_DATA;
	}
	if (bits == 0 && o->total_blocks > 0)
		return no_memory(c);
	slots = slots_for(c);
	c->arena = allocate(c, (size_t)slots * o->block_bytes, &c->arena_bytes);
	c->store_mem = allocate(c, store_mem_bytes(slots), &c->store_mem_bytes);
	c->buffers_mem = allocate(c, buffers_bytes(slots), &c->buffers_mem_bytes);
	c->bitmap_mem = allocate(c, bits > 0 ? bits : 8, &c->bitmap_mem_bytes);
	if (c->arena == NULL || c->store_mem == NULL || c->buffers_mem == NULL || c->bitmap_mem == NULL)
		return no_memory(c);
	store_init(&c->lane.store, c->arena, slots, o->block_bytes, c->store_mem);
	buffers_init(&c->buffers, &c->lane.store, c->buffers_mem);
	bitmap_init(&c->lane.blocks, o->total_blocks, c->bitmap_mem);
	return ERROR_SUCCESS;
}

/* ---- ranges ---- */

static bool grow_wanted(struct ctl *c)
{
	uint32_t max = c->wanted.max == 0 ? 64 : c->wanted.max * 2;
	struct range *v = max > WANTED_MAX ? NULL : realloc(c->wanted.v, max * sizeof(*v));

	if (v == NULL)
		return false;
	c->wanted.v = v;
	c->wanted.max = max;
	return true;
}

bool ctl_want(struct ctl *c, uint64_t start, uint64_t size)
{
	const struct client_offer *o = &c->offer;

	if (start > o->content_bytes || size > o->content_bytes - start)
		return false;
	c->chosen = true;
	if (size == 0)
		return true;
	for (;;) {
		if (ranges_add(&c->wanted, start / o->block_bytes, (start + size - 1) / o->block_bytes))
			return true;
		if (!grow_wanted(c))
			return false;
	}
}

/* Ones in the bitmap are not wanted: set all that lies between the wanted ranges. */
static void leave_out_unwanted(struct ctl *c)
{
	uint64_t from = 0;

	if (!c->chosen)
		return;
	for (uint32_t i = 0; i <= c->wanted.n; i++) {
		uint64_t end = i < c->wanted.n ? c->wanted.v[i].first : c->offer.total_blocks;

		for (; from < end; from++)
			bitmap_set(&c->lane.blocks, from);
		if (i < c->wanted.n)
			from = c->wanted.v[i].last + 1;
	}
}

/* ---- turns ---- */

static void command(struct ctl *c, enum rx_command_type type)
{
	worker_command(c->config.worker, &(struct rx_command){ .type = type, .id = c->lane.id, .lane = &c->lane });
}

static uint32_t join_group(struct ctl *c)
{
	enum wdscast_err err = worker_join(c->config.worker, &c->offer.multicast, &c->offer.server.ip);
	char text[IP_ADDR_TEXT];

	if (err == WDSCAST_OK) {
		c->group = c->offer.multicast;
		return ERROR_SUCCESS;
	}
	snprintf(c->why, sizeof(c->why), "cannot join group %s: %s", ip_text(&c->offer.multicast.ip, text),
	         wdscast_strerror(err));
	return err == WDSCAST_EPERM ? ERROR_ACCESS_DENIED : ERROR_NO_SYSTEM_RESOURCES;
}

static void leave_group(struct ctl *c)
{
	if (c->group.ip.len > 0)
		worker_leave(c->config.worker, &c->group, &c->offer.server.ip);
	c->group = (struct endpoint){ 0 };
}

static void answer_offer(struct ctl *c, ns_t now)
{
	uint32_t failed;

	c->answered = true;
	c->offer = c->lane.offer;
	c->config.ops->negotiate(c->config.arg, &c->offer);
	if (is_cancelled(c))
		return;
	failed = make_store(c);
	if (failed == ERROR_SUCCESS)
		failed = join_group(c);
	if (failed != ERROR_SUCCESS) {
		ctl_cancel(c, failed);
		return;
	}
	leave_out_unwanted(c);
	ctl_wait_joining(&c->wait, &c->offer, now);
	command(c, RX_ACCEPT);
	c->config.ops->start(c->config.arg, &c->offer);
}

/* DEMOTE: another session of the same content, so only the addresses are new. */
static void answer_move(struct ctl *c, uint32_t moves, ns_t now)
{
	uint32_t failed;

	c->moves = moves;
	leave_group(c);
	c->offer.multicast = c->lane.offer.multicast;
	c->offer.server = c->lane.offer.server;
	ctl_wait_joining(&c->wait, &c->offer, now);
	failed = join_group(c);
	if (failed == ERROR_SUCCESS)
		command(c, RX_ACCEPT);
	else
		ctl_cancel(c, failed);
}

static unsigned deliver(struct ctl *c)
{
	uint32_t blocks = c->config.run_bytes / c->offer.block_bytes, slot, count;
	unsigned n = 0;

	for (; n < DELIVER_AT_ONCE && !is_cancelled(c); n++) {
		slot = store_take_run(&c->lane.store, blocks, &count);
		if (slot == STORE_NO_SLOT)
			break;
		c->config.ops->contents(c->config.arg, slot, count,
		                        ma_block_offset(c->lane.store.blocks[slot].block_no, c->offer.block_bytes));
	}
	return n;
}

/* Initiation failed for want of a key: on which side? */
static void explain_key(struct ctl *c, uint32_t result)
{
	bool keyed = proof_is_due(&c->config.client.client_security);
	char ip[IP_ADDR_TEXT];

	ip_text(&c->config.client.initiation.ip, ip);
	if (keyed && result == WDSMCS_E_PACKET_NOT_HASHED)
		snprintf(c->why, sizeof(c->why), "%s answers without proof that it has our key: it has none, or another", ip);
	else if (keyed && result == WDSMCS_E_CLIENT_DOESNOT_SUPPORT_SECURITY_MODE)
		snprintf(c->why, sizeof(c->why), "%s does not accept our key: it has another", ip);
	else if (result == WDSMCS_E_CLIENT_DOESNOT_SUPPORT_SECURITY_MODE)
		snprintf(c->why, sizeof(c->why), "%s serves only those who have its key: give it with --key or WDSCAST_KEY", ip);
}

void ctl_describe_wait(const struct ctl *c, ns_t now, char *out, size_t max)
{
	const struct endpoint *server = &c->config.client.initiation;

	ctl_wait_text(&c->wait, ctl_wait_reason(&c->wait, now), &server->ip, server->port, c->config.worker->interface, out,
	              max);
}

/* For how long, and what it was that was waited for. */
static void explain_wait(struct ctl *c, uint64_t ms)
{
	const struct endpoint *server = &c->config.client.initiation;
	char reason[CTL_WHY_BYTES - 40];

	ctl_wait_text(&c->wait, c->wait.last, &server->ip, server->port, c->config.worker->interface, reason, sizeof(reason));
	snprintf(c->why, sizeof(c->why), "gave up after %llu s%s%s", (unsigned long long)(ms / 1000),
	         reason[0] != '\0' ? ": " : "", reason);
}

static void explain_timeout(struct ctl *c)
{
	const struct client_config *k = &c->config.client;

	if (c->answered)
		ctl_wait_silent(&c->wait);
	explain_wait(c, c->answered ? k->inactivity_timeout_ms : k->initiate_timeout_ms);
}

static void limit_wait(struct ctl *c, ns_t now)
{
	uint64_t silence_ms = c->config.client.inactivity_timeout_ms, stall_ms = c->config.stall_timeout_ms;
	ns_t waited;

	if (stall_ms < silence_ms)
		stall_ms = silence_ms;
	waited = ctl_wait_in_vain(&c->wait, silence_ms * NS_PER_MS, stall_ms * NS_PER_MS, now);
	if (waited == 0)
		return;
	explain_wait(c, waited / NS_PER_MS);
	ctl_cancel(c, ERROR_TIMEOUT);
}

static void explain(struct ctl *c, uint32_t result)
{
	if (c->why[0] != '\0')
		return;
	if (!c->answered)
		explain_key(c, result);
	if (result == ERROR_TIMEOUT)
		explain_timeout(c);
}

static uint64_t lane_counter(const struct ctl *c, enum lane_counter counter)
{
	return atomic_load_explicit(&c->lane.counters[counter], memory_order_relaxed);
}

uint64_t ctl_lost_on_wire(const struct ctl *c)
{
	uint64_t explained = atomic_load_explicit(&c->losses, memory_order_relaxed);
	uint64_t missing = lane_counter(c, LANE_COUNT_lost_seq_nos);

	if (explained == CTL_RUNS)
		explained = worker_losses(c->config.worker) - c->losses_before;
	explained += lane_counter(c, LANE_COUNT_malformed) + lane_counter(c, LANE_COUNT_wrong_security) +
	             lane_counter(c, LANE_COUNT_unverified);
	return missing > explained ? missing - explained : 0;
}

/* A session that has finished takes no slot any more: what is still used is the consumer's. */
uint64_t ctl_slots_used(const struct ctl *c)
{
	if (atomic_load_explicit(&c->lane.phase, memory_order_acquire) < LANE_FINISHED ||
	    c->store_mem == NULL) /* L1 */
		return lane_counter(c, LANE_COUNT_slots_used);
	return store_used(&c->lane.store);
}

static void complete(struct ctl *c)
{
	uint32_t result = decide(c, c->lane.result);

	atomic_store_explicit(&c->losses, worker_losses(c->config.worker) - c->losses_before,
	                      memory_order_relaxed);
	explain(c, result);
	c->config.ops->complete(c->config.arg, result, c->why);
	c->completed = true;
}

static void end(struct ctl *c)
{
	leave_group(c);
	worker_unreserve(c->config.worker, &c->lane.local);
	atomic_fetch_sub_explicit(&c->config.worker->sessions, 1, memory_order_relaxed);
	c->over = true;
}

static void read_load(struct ctl *c, ns_t now)
{
	const char *interface = c->config.worker->interface;
	uint8_t cpu, mem, net;

	c->load_at = now + LOAD_EVERY_NS;
	host_load(&c->load_state, interface[0] != '\0' ? interface : NULL, &cpu, &mem, &net);
	atomic_store_explicit(&c->lane.load, (uint32_t)cpu << 16 | (uint32_t)mem << 8 | net, memory_order_relaxed);
}

/* On a port of its own the kernel asks for hardware addresses, and tells nobody that there is no answer. */
static void look_at_neighbour(struct ctl *c, uint32_t phase, ns_t now)
{
	const struct worker *w = c->config.worker;

	if (phase != LANE_INITIATING || w->port->info.delivers != PORT_DATAGRAMS || w->interface[0] == '\0' ||
	    now < c->neighbour_at)
		return;
	c->neighbour_at = now + NEIGHBOUR_EVERY_NS;
	c->wait.no_neighbour = host_neighbour_fails(&c->config.client.initiation.ip);
}

/* A cancel of before found no lane, and is said again. */
static void begin(struct ctl *c)
{
	uint64_t outcome;

	c->added = true;
	command(c, RX_ADD);
	outcome = atomic_load_explicit(&c->outcome, memory_order_acquire);
	if (outcome != 0)
		send_cancel(c, (uint32_t)outcome);
}

unsigned ctl_turn(struct ctl *c, ns_t now)
{
	uint32_t phase = atomic_load_explicit(&c->lane.phase, memory_order_acquire); /* L1 */
	uint32_t moves = atomic_load_explicit(&c->lane.moves, memory_order_acquire); /* L2 */
	unsigned work = 0;

	if (!c->added)
		begin(c);
	look_at_neighbour(c, phase, now);
	ctl_wait_watch(&c->wait, &c->lane, c->config.worker->rx, now);
	if (!is_cancelled(c))
		limit_wait(c, now);
	if (now >= c->load_at)
		read_load(c, now);
	if (phase == LANE_OFFERED && !c->answered) {
		answer_offer(c, now);
		return 1;
	}
	if (phase == LANE_RUNNING && moves != c->moves)
		answer_move(c, moves, now);
	if (c->arena != NULL && !c->completed)
		work += deliver(c);
	if (phase >= LANE_FINISHED && work == 0 && !c->completed) {
		complete(c); /* the phase was read before the ring was found empty: no block is left out */
		work++;
	}
	if (c->completed && !c->over && atomic_load_explicit(&c->lane.detached, memory_order_acquire)) { /* L3 */
		end(c);
		work++;
	}
	return work;
}

void ctl_run(struct ctl *c)
{
	while (!c->over) {
		if (ctl_turn(c, host_now()) > 0)
			continue;
		host_bell_arm(&c->bell);
		if (ctl_turn(c, host_now()) > 0)
			host_bell_disarm(&c->bell);
		else
			host_bell_wait(&c->bell, host_now() + (c->completed ? DETACH_NAP_NS : SLEEP_NS));
	}
}

/* ---- birth and death ---- */

static void fill_client_config(struct ctl *c)
{
	const struct port_info *info = &c->config.worker->port->info;
	struct client_config *k = &c->lane.config;
	bool ip6 = c->config.client.initiation.ip.len == 16;

	*k = c->config.client;
	k->ip = ip6 ? info->ip6 : info->ip4;
	k->mac_len = sizeof(info->mac.b);
	memcpy(k->mac, info->mac.b, sizeof(info->mac.b));
	k->request.mac_len = k->mac_len;
	memcpy(k->request.mac, k->mac, k->mac_len);
	k->request.ipv6_capable = ip6;
	memcpy(k->nonce, (const uint64_t[]){ host_random(), host_random() }, sizeof(k->nonce));
	host_name(k->name);
}

static uint32_t reserve_port(struct ctl *c, char why[CTL_WHY_BYTES])
{
	struct worker *w = c->config.worker;
	enum wdscast_err err;

	if (c->lane.config.ip.len == 0) {
		snprintf(why, CTL_WHY_BYTES, "port %s has no address to reach the server from: give one (--ip, WDSCAST_IP)",
		         w->port->info.spec);
		return ERROR_HOST_UNREACHABLE;
	}
	c->lane.local.ip = c->lane.config.ip;
	err = worker_reserve(w, &c->lane.local);
	if (err == WDSCAST_OK)
		return ERROR_SUCCESS;
	snprintf(why, CTL_WHY_BYTES, "cannot reserve a UDP port on %s: %s", w->port->info.spec, wdscast_strerror(err));
	return err == WDSCAST_EPERM ? ERROR_ACCESS_DENIED : ERROR_NO_SYSTEM_RESOURCES;
}

struct ctl *ctl_new(const struct ctl_config *config, ns_t now, uint32_t *win32, char why[CTL_WHY_BYTES])
{
	struct ctl *c = host_alloc(sizeof(*c), config->worker->port->info.node);

	why[0] = '\0';
	*win32 = ERROR_NOT_ENOUGH_MEMORY;
	if (c == NULL)
		return NULL;
	assert(security_pair_is_allowed(config->client.server_security.mode, config->client.client_security.mode));
	c->config = *config;
	c->losses_before = worker_losses(config->worker);
	c->losses = CTL_RUNS;
	fill_client_config(c);
	*win32 = reserve_port(c, why);
	if (*win32 != ERROR_SUCCESS) {
		host_free(c, sizeof(*c));
		return NULL;
	}
	host_bell_init(&c->bell);
	c->lane.bell = &c->bell;
	c->lane.hash = rx_hash_new(&c->lane.config.server_security);
	c->lane.id = atomic_fetch_add(&config->worker->next_id, 1);
	atomic_fetch_add_explicit(&config->worker->sessions, 1, memory_order_relaxed);
	read_load(c, now);
	return c;
}

void ctl_free(struct ctl *c)
{
	if (c == NULL)
		return;
	assert(c->over || !c->added);
	if (!c->added) { /* else its end did it, for the worker may be gone by now */
		worker_unreserve(c->config.worker, &c->lane.local);
		atomic_fetch_sub_explicit(&c->config.worker->sessions, 1, memory_order_relaxed);
	}
	give_back(c, c->arena, c->arena_bytes);
	give_back(c, c->store_mem, c->store_mem_bytes);
	give_back(c, c->buffers_mem, c->buffers_mem_bytes);
	give_back(c, c->bitmap_mem, c->bitmap_mem_bytes);
	free(c->wanted.v);
	rx_hash_free(c->lane.hash);
	host_free(c, sizeof(*c));
}
