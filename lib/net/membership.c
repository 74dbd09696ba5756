/*
 * Which groups we are in, and what routers and switches are told of it: RFC 3376 (IGMPv3) and RFC 3810
 * (MLDv2) for hosts that take all sources, with RFC 2236, RFC 1112 and RFC 2710 where an older querier
 * is present. The two families have one machine; only the messages differ.
 *
 * Timers of a group: change_at repeats the report that it was joined or left, report_at answers a
 * query. A family has general_at, when all groups are reported at once.
 */
#include "net/internal.h"

#define ROBUSTNESS 2                      /* RFC 3376 section 8.1 */
#define QUERY_INTERVAL (125 * NS_PER_S)   /* 8.2 */
#define REPEAT_NEW NS_PER_S               /* 8.11: a change is repeated within this time */
#define REPEAT_OLD (10 * NS_PER_S)        /* RFC 2236 section 8.10 */
#define WHEN_FULL NS_PER_MS               /* net_out had no room: try again */
#define NEWEST 3

const struct ip_addr group_all_systems = { 4, { 224, 0, 0, 1 } };
const struct ip_addr group_all_nodes = { 16, { 0xff, 2, [15] = 1 } };

/* Cheap to compare: all of an IPv4 address, and the end of an IPv6 address. */
static uint32_t key_of(const struct ip_addr *ip)
{
	uint32_t key;

	memcpy(&key, ip->b + ip->len - 4, sizeof(key));
	return key;
}

static bool is_group(const struct groups *g, uint32_t i, uint32_t key, const struct ip_addr *ip)
{
	return g->keys[i] == key && ip_equal(&g->v[i].ip, ip);
}

static struct group *find(struct groups *g, const struct ip_addr *ip)
{
	uint32_t key = key_of(ip);

	if (g->last < g->count && is_group(g, g->last, key, ip))
		return &g->v[g->last];
	for (uint32_t i = 0; i < g->count; i++) {
		if (is_group(g, i, key, ip)) {
			g->last = i;
			return &g->v[i];
		}
	}
	return NULL;
}

static struct membership *family_of(struct net *n, const struct group *v)
{
	return &n->groups.families[v->ip.len == 16];
}

/* Every host is in these, and nobody reports them. */
static bool is_all_hosts(const struct ip_addr *ip)
{
	return ip_equal(ip, &group_all_systems) || ip_equal(ip, &group_all_nodes);
}

bool net_membership_has(struct net *n, const struct ip_addr *ip)
{
	const struct group *v = find(&n->groups, ip);

	return v != NULL ? v->users > 0 : is_all_hosts(ip);
}

static void group_remove(struct groups *g, uint32_t i)
{
	g->count--;
	g->v[i] = g->v[g->count];
	g->keys[i] = g->keys[g->count];
}

/* Room for one more: a group that was left gives up the repetition of its report. */
static struct group *create(struct groups *g, const struct ip_addr *ip)
{
	struct group *v;

	for (uint32_t i = 0; g->count == GROUPS_ALL && i < g->count; i++)
		if (g->v[i].users == 0)
			group_remove(g, i);
	if (g->count == GROUPS_ALL)
		return NULL;
	g->keys[g->count] = key_of(ip);
	v = &g->v[g->count++];
	*v = (struct group){ .ip = *ip, .change_at = NS_NEVER, .report_at = NS_NEVER };
	return v;
}

/* It was joined or left: the next tick says so, and again. */
static void group_changed(struct net *n, struct group *v, ns_t now)
{
	const struct membership *m = family_of(n, v);

	v->report_at = NS_NEVER;
	if (n->config.has_kernel || is_all_hosts(&v->ip))
		return;
	v->changes_left = v->users == 0 && m->version < NEWEST ? 1 : m->robustness;
	v->change_at = now;
}

bool net_membership_join(struct net *n, const struct ip_addr *ip, ns_t now)
{
	struct group *v = find(&n->groups, ip);

	if (v == NULL && (v = create(&n->groups, ip)) == NULL)
		return false;
	if (v->users++ == 0)
		group_changed(n, v, now);
	return true;
}

static void remove_silent(struct groups *g)
{
	for (uint32_t i = g->count; i-- > 0;)
		if (g->v[i].users == 0 && g->v[i].changes_left == 0)
			group_remove(g, i);
}

bool net_join(struct net *n, const struct ip_addr *ip, ns_t now, struct net_out *tx)
{
	if (!ip_is_multicast(ip) || !net_membership_join(n, ip, now))
		return false;
	net_membership_tick(n, now, tx);
	return true;
}

void net_leave(struct net *n, const struct ip_addr *ip, ns_t now, struct net_out *tx)
{
	struct group *v = ip_is_multicast(ip) ? find(&n->groups, ip) : NULL;

	if (v == NULL || v->users == 0 || --v->users > 0)
		return;
	memset(n->flows, 0, sizeof(n->flows)); /* some of them are no longer for us */
	v->changes_left = 0;
	group_changed(n, v, now);
	net_membership_tick(n, now, tx);
}

/* RFC 3376 section 7.2.1: all timers of the old version are cancelled. */
static void speak(struct net *n, struct membership *m, uint8_t version)
{
	if (m->version == version)
		return;
	m->version = version;
	m->general_at = NS_NEVER;
	for (uint32_t i = 0; i < n->groups.count; i++) {
		struct group *v = &n->groups.v[i];

		if (family_of(n, v) != m)
			continue;
		v->changes_left = 0;
		v->change_at = v->report_at = NS_NEVER;
	}
	remove_silent(&n->groups);
}

static uint8_t version_at(const struct membership *m, ns_t now)
{
	for (uint8_t version = 1; version < NEWEST; version++)
		if (now < m->old_until[version])
			return version;
	return NEWEST;
}

static void heard_querier(struct net *n, struct membership *m, const struct net_membership_query *q, ns_t now)
{
	if (q->version == NEWEST) {
		m->robustness = q->robustness != 0 ? q->robustness : ROBUSTNESS;
		m->query_interval = q->interval != 0 ? q->interval : QUERY_INTERVAL;
	} else {
		/* RFC 3376 section 8.12 */
		m->old_until[q->version] = now + m->robustness * m->query_interval + q->max_delay;
		net_arm(n, m->old_until[q->version]);
	}
	speak(n, m, version_at(m, now));
}

/* RFC 3376 section 5.2, RFC 3810 section 6.2: one answer to all, soon enough for all who asked. */
static void schedule_new(struct net *n, struct membership *m, const struct net_membership_query *q, ns_t now)
{
	ns_t at = now + rng_between(&n->rng, 1, q->max_delay);
	struct group *v;

	if (m->general_at <= at)
		return;
	if (q->group.len == 0) {
		m->general_at = at;
	} else {
		v = find(&n->groups, &q->group);
		if (v == NULL || v->users == 0)
			return;
		v->report_at = ns_min(v->report_at, at);
	}
	net_arm(n, at);
}

/* RFC 2236 section 3: a delay for each group, and none is put off. */
static void schedule_old(struct net *n, struct membership *m, const struct net_membership_query *q, ns_t now)
{
	for (uint32_t i = 0; i < n->groups.count; i++) {
		struct group *v = &n->groups.v[i];

		if (family_of(n, v) != m || v->users == 0 || is_all_hosts(&v->ip))
			continue;
		if (q->group.len != 0 && !ip_equal(&q->group, &v->ip))
			continue;
		if (v->report_at > now + q->max_delay)
			v->report_at = now + rng_between(&n->rng, 1, q->max_delay);
		net_arm(n, v->report_at);
	}
}

void net_membership_query(struct net *n, bool is_ip6, const struct net_membership_query *q, ns_t now)
{
	struct membership *m = &n->groups.families[is_ip6];

	heard_querier(n, m, q, now);
	if (is_all_hosts(&q->group))
		return;
	if (m->version == NEWEST)
		schedule_new(n, m, q, now);
	else
		schedule_old(n, m, q, now);
}

void net_membership_heard(struct net *n, const struct ip_addr *ip)
{
	struct group *v = find(&n->groups, ip);

	if (v != NULL && family_of(n, v)->version < NEWEST)
		v->report_at = NS_NEVER;
}

/* A change is said now: when again? */
static void change_sent(struct net *n, const struct membership *m, struct group *v, ns_t now)
{
	v->change_at = NS_NEVER;
	if (--v->changes_left > 0)
		v->change_at = now + rng_between(&n->rng, 1, m->version < NEWEST ? REPEAT_OLD : REPEAT_NEW);
}

/* What the next report says of this group; 0: nothing. */
static uint8_t record_type(struct net *n, struct membership *m, struct group *v, ns_t now)
{
	bool asked = now >= v->report_at || now >= m->general_at;

	if (now >= v->change_at) {
		change_sent(n, m, v, now);
		return v->users > 0 ? RECORD_TO_EXCLUDE : RECORD_TO_INCLUDE;
	}
	if (!asked || v->users == 0 || is_all_hosts(&v->ip))
		return 0;
	v->report_at = NS_NEVER;
	return RECORD_IS_EXCLUDE;
}

static void send_list(struct net *n, bool is_ip6, const struct net_membership_record *v, uint32_t count, struct net_out *tx)
{
	if (count == 0)
		return;
	if (is_ip6)
		mld_send_list(n, v, count, tx);
	else
		igmp_send_list(n, v, count, tx);
}

static void report_lists(struct net *n, bool is_ip6, ns_t now, struct net_out *tx)
{
	struct membership *m = &n->groups.families[is_ip6];
	struct net_membership_record records[MEMBERSHIP_RECORDS];
	uint32_t count = 0;

	for (uint32_t i = 0; i < n->groups.count; i++) {
		struct group *v = &n->groups.v[i];
		uint8_t type = family_of(n, v) == m ? record_type(n, m, v, now) : 0;

		if (type == 0)
			continue;
		records[count++] = (struct net_membership_record){ type, &v->ip };
		if (count == MEMBERSHIP_RECORDS) {
			send_list(n, is_ip6, records, count, tx);
			count = 0;
		}
	}
	send_list(n, is_ip6, records, count, tx);
	if (now >= m->general_at)
		m->general_at = NS_NEVER;
}

static void report_one(struct net *n, const struct group *v, struct net_out *tx)
{
	if (v->ip.len == 16 && v->users > 0)
		mld_send_report(n, &v->ip, tx);
	else if (v->ip.len == 16)
		mld_send_done(n, &v->ip, tx);
	else if (v->users > 0)
		igmp_send_report(n, &v->ip, tx);
	else if (family_of(n, v)->version > 1) /* version 1 leaves in silence */
		igmp_send_leave(n, &v->ip, tx);
}

static void report_each(struct net *n, const struct membership *m, ns_t now, struct net_out *tx)
{
	for (uint32_t i = 0; i < n->groups.count && tx->count < NET_OUT_FRAMES; i++) {
		struct group *v = &n->groups.v[i];

		if (family_of(n, v) != m || (now < v->change_at && now < v->report_at))
			continue;
		if (now >= v->change_at)
			change_sent(n, m, v, now);
		v->report_at = NS_NEVER;
		report_one(n, v, tx);
	}
}

static void arm(struct net *n, ns_t now)
{
	ns_t next = NS_NEVER;

	for (unsigned f = 0; f < 2; f++) {
		const struct membership *m = &n->groups.families[f];

		next = ns_min(next, m->general_at);
		for (uint8_t version = 1; version < NEWEST; version++)
			if (m->old_until[version] > now)
				next = ns_min(next, m->old_until[version]);
	}
	for (uint32_t i = 0; i < n->groups.count; i++)
		next = ns_min(next, ns_min(n->groups.v[i].change_at, n->groups.v[i].report_at));
	/* Still due: there was no room for it. */
	net_arm(n, next <= now ? now + WHEN_FULL : next);
}

void net_membership_tick(struct net *n, ns_t now, struct net_out *tx)
{
	for (unsigned f = 0; f < 2; f++) {
		struct membership *m = &n->groups.families[f];

		speak(n, m, version_at(m, now));
		if (m->version < NEWEST)
			report_each(n, m, now, tx);
		else if (tx->count + GROUPS_ALL / MEMBERSHIP_RECORDS < NET_OUT_FRAMES)
			report_lists(n, f == 1, now, tx);
	}
	remove_silent(&n->groups);
	arm(n, now);
}

void net_membership_init(struct net *n)
{
	for (unsigned f = 0; f < 2; f++)
		n->groups.families[f] = (struct membership){
			.version = NEWEST,
			.robustness = ROBUSTNESS,
			.query_interval = QUERY_INTERVAL,
			.general_at = NS_NEVER,
		};
}
