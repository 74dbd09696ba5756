/*
 * What a receiving worker takes in each security mode, over frames: what is good, and nothing that is forged, of
 * another mode, or not for its session. Nothing of that changes anything but its own counter.
 */
#include "run_room/lab_keys.h"
#include "run_room/rig.h"

enum { BLOCKS = 2, CACHE = 64 };

enum kind { NONE, CHECKSUM, HASH_A, HASH_B, SIGN, KINDS };

/* As the server seals, as the client verifies, and as the client seals: the pairs of MS-WDSMSI 3.1.5.1. */
struct lab {
	struct security server, client, answer;
};

static struct lab lab_of(enum kind kind)
{
	struct security hash = lab_hash_reading(lab_key, kind == HASH_B ? SECURITY_HMAC_B : SECURITY_HMAC_A), plain;

	if (kind == SIGN)
		return (struct lab){ lab_signing(0), lab_verifying(0), hash };
	if (kind == HASH_A || kind == HASH_B)
		return (struct lab){ hash, hash, hash };
	plain = lab_plain(kind == NONE ? SECURITY_NONE : SECURITY_CHECKSUM);
	return (struct lab){ plain, plain, plain };
}

static void end_lab(struct lab *l)
{
	security_fini(&l->server);
	security_fini(&l->client);
	security_fini(&l->answer);
}

static struct lab lab;
static struct rig *r;
static struct rig_session *s;

static void begin(enum kind kind, uint64_t blocks, uint32_t mtu)
{
	lab = lab_of(kind);
	r = rig_new_framed(blocks, mtu);
	rig_secure(r, &lab.server, &lab.client, &lab.answer);
	s = rig_joined(r, CACHE);
	CU_ASSERT_EQUAL_FATAL(s->started, 1);
}

static void end(void)
{
	rig_session_free(s);
	rig_free(r);
	end_lab(&lab);
}

/* Packets that are dropped, by counter. */
struct drops {
	uint64_t unverified, wrong_security, wrong_session, wrong_sender, bad_udp;
};

static struct drops drops(void)
{
	const struct lane *lane = &s->ctl->lane;

	return (struct drops){ lane->unverified, lane->wrong_security, lane->client.stats.wrong_session,
		               lane->client.stats.wrong_sender,
		               net_read_stats(r->worker->rx->link.net)->verdicts[NET_BAD_UDP] };
}

/* What the server said since last is dropped: counted as it should be, and nothing else is changed. */
static void check_dropped(struct drops want)
{
	const struct lane *lane = &s->ctl->lane;
	uint32_t room = store_room(&lane->store);
	uint64_t ones = lane->blocks.ones;
	struct drops before = drops(), after;

	rig_turn(r, s);
	after = drops();
	CU_ASSERT_EQUAL(after.unverified - before.unverified, want.unverified);
	CU_ASSERT_EQUAL(after.wrong_security - before.wrong_security, want.wrong_security);
	CU_ASSERT_EQUAL(after.wrong_session - before.wrong_session, want.wrong_session);
	CU_ASSERT_EQUAL(after.wrong_sender - before.wrong_sender, want.wrong_sender);
	CU_ASSERT_EQUAL(after.bad_udp - before.bad_udp, want.bad_udp);
	CU_ASSERT_EQUAL(s->delivered_count, 0);
	CU_ASSERT_EQUAL(store_room(&lane->store), room);
	CU_ASSERT_EQUAL(lane->blocks.ones, ones);
	CU_ASSERT_EQUAL(lane->client.stats.odata, 0);
	CU_ASSERT_EQUAL(lane->malformed, 0);
}

static void check_takes_the_file(void)
{
	struct drops before = drops(), after;

	for (uint64_t block = 1; block <= BLOCKS; block++)
		rig_odata(r, block);
	rig_turn(r, s);
	after = drops();
	CU_ASSERT_EQUAL(memcmp(&after, &before, sizeof(after)), 0);
	CU_ASSERT_EQUAL(s->delivered_count, BLOCKS);
	CU_ASSERT_EQUAL(s->completed, 1);
	CU_ASSERT_EQUAL(s->result, ERROR_SUCCESS);
}

static void every_mode_takes_what_is_good(void)
{
	for (enum kind kind = 0; kind < KINDS; kind++) {
		begin(kind, BLOCKS, 1500);
		CU_ASSERT_EQUAL(s->ctl->lane.hash != NULL, kind == HASH_A); /* the only one that gathers */
		check_takes_the_file();
		end();
	}
}

/* As somebody else's server would seal it. */
static void say_sealed_by(const struct security *other)
{
	struct security own = r->security;

	r->security = *other;
	rig_odata(r, 1);
	r->security = own;
}

static void what_is_changed_or_of_another_key_is_counted_and_changes_nothing(void)
{
	for (enum kind kind = CHECKSUM; kind < KINDS; kind++) {
		struct security other;

		begin(kind, BLOCKS, 1500);
		other = kind == SIGN ? lab_signing(1) : lab_hash_reading(lab_other_key, lab.server.reading);
		rig_odata_damaged(r, 1);
		check_dropped((struct drops){ .unverified = 1 });
		if (kind != CHECKSUM) {
			say_sealed_by(&other);
			check_dropped((struct drops){ .unverified = 1 });
		}
		check_takes_the_file();
		end();
		security_fini(&other);
	}
}

/* Without a seal there is UDP's checksum: it is asked for where there is nothing else, and only there. */
static void without_a_seal_the_udp_checksum_has_to_be_right(void)
{
	for (enum kind kind = 0; kind < KINDS; kind++) {
		begin(kind, 1, 1500);
		r->wrong_udp_sum = true;
		rig_odata(r, 1);
		if (kind == NONE)
			check_dropped((struct drops){ .bad_udp = 1 });
		r->wrong_udp_sum = false;
		if (kind == NONE)
			rig_odata(r, 1);
		rig_turn(r, s);
		CU_ASSERT_EQUAL(s->delivered_count, 1);
		CU_ASSERT_EQUAL(s->result, ERROR_SUCCESS);
		end();
	}
}

/* The two readings of the HMAC look alike: they are told apart by the hash alone. */
static bool look_alike(enum kind a, enum kind b)
{
	return (a == HASH_A || a == HASH_B) && (b == HASH_A || b == HASH_B);
}

static void what_is_of_another_mode_is_counted_and_changes_nothing(void)
{
	for (enum kind kind = 0; kind < KINDS; kind++) {
		begin(kind, BLOCKS, 1500);
		for (enum kind k = 0; k < KINDS; k++) {
			struct lab other = lab_of(k);

			if (k != kind) {
				say_sealed_by(&other.server);
				check_dropped(look_alike(k, kind) ? (struct drops){ .unverified = 1 } :
				                                    (struct drops){ .wrong_security = 1 });
			}
			end_lab(&other);
		}
		check_takes_the_file();
		end();
	}
}

/* Their seals are wrong too, and that is not what is counted: so nobody has looked. */
static void what_is_of_another_session_or_sender_is_refused_before_its_seal_is_looked_at(void)
{
	for (enum kind kind = CHECKSUM; kind < KINDS; kind++) {
		begin(kind, BLOCKS, 1500);
		r->session_id++;
		rig_odata_damaged(r, 1);
		check_dropped((struct drops){ .wrong_session = 1 });
		r->session_id--;
		r->from.b[3]++;
		rig_odata_damaged(r, 1);
		check_dropped((struct drops){ .wrong_sender = 1 });
		r->from.b[3]--;
		check_takes_the_file();
		end();
	}
}

/* More in one turn than are kept at once, each in fragments, and a damaged one among them. */
static void datagrams_in_fragments_wait_for_each_other(void)
{
	enum { MANY = 3 * NET_KEPT_MAX + 2, DAMAGED = 11 };

	begin(HASH_A, MANY, 150);
	for (uint64_t block = 1; block <= MANY; block++) {
		if (block == DAMAGED)
			rig_odata_damaged(r, block);
		rig_odata(r, block);
	}
	rig_turn(r, s);
	CU_ASSERT_EQUAL_FATAL(s->delivered_count, MANY);
	for (uint64_t i = 0; i < MANY; i++)
		CU_ASSERT_EQUAL(s->delivered[i].offset, i * RIG_BLOCK);
	CU_ASSERT_EQUAL(s->result, ERROR_SUCCESS);
	CU_ASSERT_EQUAL(s->ctl->lane.unverified, 1);
	CU_ASSERT(net_read_stats(r->worker->rx->link.net)->reassembled > MANY);
	CU_ASSERT_FALSE(link_is_keeping_most(&r->worker->rx->link));
	end();
}

static const struct suite_test tests[] = {
	SUITE_TEST(every_mode_takes_what_is_good),
	SUITE_TEST(what_is_changed_or_of_another_key_is_counted_and_changes_nothing),
	SUITE_TEST(without_a_seal_the_udp_checksum_has_to_be_right),
	SUITE_TEST(what_is_of_another_mode_is_counted_and_changes_nothing),
	SUITE_TEST(what_is_of_another_session_or_sender_is_refused_before_its_seal_is_looked_at),
	SUITE_TEST(datagrams_in_fragments_wait_for_each_other),
};
SUITE_MAIN("run/rx_security", tests)
