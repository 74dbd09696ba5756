/* Initiation with a key: what a client says, and what it believes. */
#include "engine/client.h"
#include "engine/server.h"
#include "support/suite.h"
#include "wdserror.h"

enum { OUT_PACKETS = 8, BYTES = 1024 };

static const uint8_t key[24] = "one key of one lab, that", another_key[24] = "the key of another lab  ";

static struct client client; /* large */
static struct outq out;
static uint8_t out_mem[1 << 19] __attribute__((aligned(8)));
static struct endpoint initiation;
static struct security keyed;

/* A datagram, as its reader sees it. */
struct datagram {
	uint8_t bytes[BYTES];
	size_t len;
	struct msi_packet p;
};

static struct security hash(const uint8_t bytes[24])
{
	struct security s;

	CU_ASSERT_FATAL(security_init_hash(&s, bytes, 24, SECURITY_HMAC_A));
	return s;
}

/* A client that has the key and has asked, at time 0. */
static void begin(uint8_t nonce)
{
	struct client_config c;
	struct client_in tick = { .type = CLIENT_IN_TICK };

	CU_ASSERT_FATAL(outq_bytes(OUT_PACKETS) <= sizeof(out_mem));
	outq_init(&out, out_mem, OUT_PACKETS);
	keyed = hash(key);
	initiation = (struct endpoint){ ip4_of(10, 0, 0, 1), MSI_UDP_PORT };
	client_config_defaults(&c);
	c.initiation = initiation;
	c.request.name_space = (struct msi_name){ 1, { 'n' } };
	c.request.content = (struct msi_name){ 1, { 'c' } };
	c.request.stamp.is_set = true;
	c.client_security = c.server_security = keyed;
	memset(c.nonce, nonce, sizeof(c.nonce));
	client_init(&client, &c, 0);
	client_step(&client, &tick, 0, &out);
	CU_ASSERT_EQUAL_FATAL(out.packet_count, 1);
}

static struct datagram read_datagram(const uint8_t *bytes, size_t len)
{
	struct datagram d = { .len = len };

	CU_ASSERT_FATAL(len <= BYTES);
	memcpy(d.bytes, bytes, len);
	return d;
}

/* The request that went out last, and the server's look at it: true, and its digest. */
static bool request_holds(const struct security *s, uint8_t digest[SECURITY_HASH_BYTES])
{
	const struct out_packet *p = &out.packets[out.packet_count - 1];
	struct msi_packet m;

	CU_ASSERT_FATAL(msi_read(out.bytes + p->head_at, p->head_len, &m));
	CU_ASSERT_EQUAL(m.kind, MSI_REQUEST);
	CU_ASSERT_EQUAL(m.missing, 0);
	return proof_of_request_holds(&m.proof, s, digest);
}

static struct server_config session(void)
{
	struct server_config c;

	server_config_defaults(&c);
	c.session_id = 77;
	c.multicast = (struct endpoint){ ip4_of(239, 0, 0, 7), 64001 };
	c.unicast = (struct endpoint){ ip4_of(10, 0, 0, 1), 64001 };
	c.content_bytes = 1000;
	c.block_bytes = 100;
	c.total_blocks = 10;
	return c;
}

/* What the server says; digest NULL: without a proof. */
static struct datagram answer(uint32_t win32, const struct security *s, const uint8_t *digest)
{
	struct server_config c = session();
	uint8_t bytes[BYTES];
	struct writer w = writer_of(bytes, sizeof(bytes));

	server_answer_request(&w, &c, false, win32);
	if (digest != NULL)
		proof_end_answer(&w, s, digest);
	CU_ASSERT_FALSE(w.full);
	return read_datagram(bytes, writer_len(&w));
}

static void hear(struct datagram *d, ns_t now)
{
	struct client_in in = { .type = CLIENT_IN_MSI, .from = &initiation, .msi = &d->p };

	CU_ASSERT_FATAL(msi_read(d->bytes, d->len, &d->p));
	out.event_count = 0;
	client_step(&client, &in, now, &out);
}

static void pass(ns_t now)
{
	struct client_in tick = { .type = CLIENT_IN_TICK };

	outq_clear(&out);
	client_step(&client, &tick, now, &out);
}

static void what_both_prove_becomes_an_offer(void)
{
	uint8_t digest[SECURITY_HASH_BYTES];
	struct datagram d;

	begin(1);
	CU_ASSERT_FATAL(request_holds(&keyed, digest));
	d = answer(0, &keyed, digest);
	hear(&d, 1);
	CU_ASSERT_EQUAL(client.state, CLIENT_OFFERED);
	CU_ASSERT_EQUAL(client.offer.session_id, 77);
}

static void a_repeated_request_is_the_same_request(void)
{
	uint8_t first[SECURITY_HASH_BYTES], second[SECURITY_HASH_BYTES];

	begin(1);
	CU_ASSERT_FATAL(request_holds(&keyed, first));
	for (ns_t second_no = 1; second_no < 9; second_no++) { /* an answer to any of them may still come */
		pass(second_no * NS_PER_S);
		CU_ASSERT_FATAL(request_holds(&keyed, second));
		CU_ASSERT_EQUAL(memcmp(first, second, sizeof(first)), 0);
	}
}

static void a_request_holds_for_its_key_alone(void)
{
	struct security other = hash(another_key);
	uint8_t digest[SECURITY_HASH_BYTES];
	struct out_packet *p;
	struct msi_packet m;

	begin(1);
	CU_ASSERT_FALSE(request_holds(&other, digest));
	p = &out.packets[0];
	for (uint32_t i = 3; i < p->head_len; i++) {
		uint8_t *byte = &out.bytes[p->head_at + i];

		*byte ^= 1;
		if (msi_read(out.bytes + p->head_at, p->head_len, &m))
			CU_ASSERT_FALSE(proof_of_request_holds(&m.proof, &keyed, digest));
		*byte ^= 1;
	}
	CU_ASSERT(request_holds(&keyed, digest));
}

/* Every bit of an answer is proven. */
static void no_changed_answer_is_believed(void)
{
	uint8_t digest[SECURITY_HASH_BYTES];
	struct datagram d;

	begin(1);
	CU_ASSERT_FATAL(request_holds(&keyed, digest));
	d = answer(0, &keyed, digest);
	for (size_t i = 0; i < d.len; i++) {
		d.bytes[i] ^= 1;
		if (msi_read(d.bytes, d.len, &d.p))
			CU_ASSERT_FALSE(proof_of_answer_holds(&d.p.proof, &keyed, digest));
		d.bytes[i] ^= 1;
	}
	CU_ASSERT_FATAL(msi_read(d.bytes, d.len, &d.p));
	CU_ASSERT(proof_of_answer_holds(&d.p.proof, &keyed, digest));
}

static void an_answer_to_an_earlier_request_is_not_believed(void)
{
	uint8_t old[SECURITY_HASH_BYTES];
	struct datagram d;

	begin(1);
	CU_ASSERT_FATAL(request_holds(&keyed, old));
	begin(2);
	d = answer(0, &keyed, old);
	hear(&d, 1);
	CU_ASSERT_EQUAL(client.state, CLIENT_INITIATING);
	CU_ASSERT_EQUAL(client.stats.unproven, 1);
}

static void a_forged_answer_does_not_keep_the_true_one_out(void)
{
	uint8_t digest[SECURITY_HASH_BYTES];
	struct datagram forged = answer(0, NULL, NULL), d;

	begin(1);
	CU_ASSERT_FATAL(request_holds(&keyed, digest));
	hear(&forged, 1);
	CU_ASSERT_EQUAL(client.state, CLIENT_INITIATING);
	d = answer(0, &keyed, digest);
	hear(&d, 3 * NS_PER_S);
	CU_ASSERT_EQUAL(client.state, CLIENT_OFFERED);
	pass(4 * NS_PER_S);
	CU_ASSERT_FALSE(client.finished);
}

/* Further ones do not put the end off. */
static void nothing_but_unproven_answers_ends_after_three_seconds(void)
{
	struct datagram forged = answer(0, NULL, NULL), error = answer(WDSMCS_E_CONTENT_NOT_FOUND, NULL, NULL);

	begin(1);
	hear(&forged, NS_PER_S / 2);
	hear(&error, 3 * NS_PER_S);
	pass(NS_PER_S / 2 + 3 * NS_PER_S - 1);
	CU_ASSERT_FALSE(client.finished);
	pass(NS_PER_S / 2 + 3 * NS_PER_S);
	CU_ASSERT(client.finished);
	CU_ASSERT_EQUAL(client.result, WDSMCS_E_PACKET_NOT_HASHED);
}

static void an_unproven_error_is_the_result_when_nothing_better_comes(void)
{
	struct datagram error = answer(WDSMCS_E_CONTENT_NOT_FOUND, NULL, NULL);

	begin(1);
	hear(&error, 1);
	pass(1 + 3 * NS_PER_S);
	CU_ASSERT_EQUAL(client.result, WDSMCS_E_CONTENT_NOT_FOUND);
}

static void a_proven_error_ends_at_once(void)
{
	uint8_t digest[SECURITY_HASH_BYTES];
	struct datagram error;

	begin(1);
	CU_ASSERT_FATAL(request_holds(&keyed, digest));
	error = answer(WDSMCS_E_CONTENT_NOT_FOUND, &keyed, digest);
	hear(&error, 1);
	CU_ASSERT(client.finished);
	CU_ASSERT_EQUAL(client.result, WDSMCS_E_CONTENT_NOT_FOUND);
}

/* A request is no answer, though it is made with the same key. */
static void a_request_sent_back_is_not_believed(void)
{
	struct out_packet *p;
	struct datagram d;

	begin(1);
	p = &out.packets[0];
	d = read_datagram(out.bytes + p->head_at, p->head_len);
	hear(&d, 1);
	CU_ASSERT_EQUAL(client.state, CLIENT_INITIATING);
	CU_ASSERT_EQUAL(client.stats.wrong_opcode, 1);
	d.bytes[0] = MSI_OP_REPLY;
	CU_ASSERT_FATAL(msi_read(d.bytes, d.len, &d.p));
	CU_ASSERT_FALSE(proof_of_answer_holds(&d.p.proof, &keyed, client.request_digest));
}

static const struct suite_test tests[] = {
	SUITE_TEST(what_both_prove_becomes_an_offer),
	SUITE_TEST(a_repeated_request_is_the_same_request),
	SUITE_TEST(a_request_holds_for_its_key_alone),
	SUITE_TEST(no_changed_answer_is_believed),
	SUITE_TEST(an_answer_to_an_earlier_request_is_not_believed),
	SUITE_TEST(a_forged_answer_does_not_keep_the_true_one_out),
	SUITE_TEST(nothing_but_unproven_answers_ends_after_three_seconds),
	SUITE_TEST(an_unproven_error_is_the_result_when_nothing_better_comes),
	SUITE_TEST(a_proven_error_ends_at_once),
	SUITE_TEST(a_request_sent_back_is_not_believed),
};
SUITE_MAIN("engine/proof", tests)
