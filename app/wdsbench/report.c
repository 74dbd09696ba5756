#include "report.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

struct rates {
	double seconds, mpps, gbps, content_gbps, burst, empty, cycles, busy;
};

static double share(uint64_t part, uint64_t whole)
{
	return whole == 0 ? 0 : (double)part / (double)whole;
}

/* Between two copies of the figures. */
static struct rates rates_of(const struct figures *a, const struct figures *b)
{
	double ns = (double)(b->ns - a->ns);
	uint64_t busy = b->busy_cycles - a->busy_cycles, all = busy + b->idle_cycles - a->idle_cycles;
	uint64_t polls = b->polls - a->polls, empty = b->empty_polls - a->empty_polls, bursts = 0;

	for (unsigned i = 0; i < BURST_SIZES; i++)
		bursts += b->bursts[i] - a->bursts[i];
	if (ns <= 0)
		ns = 1;
	return (struct rates){ .seconds = (double)b->ns / 1e9,
		               .mpps = (double)(b->packets - a->packets) * 1e3 / ns,
		               .gbps = (double)(b->bytes - a->bytes) * 8 / ns,
		               .content_gbps = (double)(b->content - a->content) * 8 / ns,
		               .burst = share(b->frames - a->frames, bursts),
		               .empty = share(empty, polls),
		               .cycles = share(busy, b->packets - a->packets),
		               .busy = share(busy, all) };
}

/* ---- JSON ---- */

static void put(json_t *o)
{
	json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6) | JSON_PRESERVE_ORDER);
	putchar('\n');
	fflush(stdout);
	json_decref(o);
}

static void set(json_t *o, const char *key, uint64_t v)
{
	json_object_set_new(o, key, json_integer((json_int_t)v));
}

static json_t *rates_json(const char *event, const struct rates *r, const struct figures *f)
{
	json_t *o = json_pack("{s:s, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "event", event, "seconds", r->seconds, "mpps",
	                      r->mpps, "gbps", r->gbps, "content_gbps", r->content_gbps, "frames_per_burst", r->burst,
	                      "empty_polls", r->empty, "cycles_per_packet", r->cycles, "busy", r->busy);

	set(o, "packets", f->packets);
	set(o, "frames", f->frames);
	set(o, "bytes", f->bytes);
	set(o, "lost", f->lost);
	set(o, "missed", f->missed);
	set(o, "dropped", f->dropped);
	return o;
}

static json_t *drops_json(const struct figures *f)
{
	json_t *o = json_object();

	set(o, "missed", f->missed);
	set(o, "lost", f->lost);
	set(o, "unverified", f->unverified);
	set(o, "malformed", f->malformed);
	set(o, "other_group", f->other_group);
	for (unsigned i = NET_OWN; i < NET_VERDICT_COUNT; i++)
		set(o, net_verdict_names[i], f->verdicts[i]);
	set(o, "tx_dropped", f->dropped);
	return o;
}

static json_t *latency_json(const struct figures *f)
{
	const struct histogram *h = &f->latency;
	json_t *o = json_object(), *places = json_array();

	if (h->n == 0) {
		json_decref(places);
		json_decref(o);
		return json_null();
	}
	set(o, "n", h->n);
	json_object_set_new(o, "least", json_integer(f->latency_least));
	set(o, "p50", histogram_quantile(h, 0.5));
	set(o, "p90", histogram_quantile(h, 0.9));
	set(o, "p99", histogram_quantile(h, 0.99));
	set(o, "p999", histogram_quantile(h, 0.999));
	set(o, "max", h->max);
	for (unsigned power = 0; power < 64; power++) {
		uint64_t n = 0;

		for (unsigned i = 0; i < HISTOGRAM_STEPS; i++)
			n += h->count[power * HISTOGRAM_STEPS + i];
		if (n > 0) /* [values below this, how many] */
			json_array_append_new(places, json_pack("[f, I]", power == 0 ? 8.0 : (double)(8ull << (power < 60 ? power : 60)),
			                                        (json_int_t)n));
	}
	json_object_set_new(o, "below", places);
	return o;
}

static void end_json(const struct run *r, const struct rates *rates, enum limit limit, const char *why)
{
	const struct figures *f = &r->figures;
	json_t *o = rates_json("done", rates, f), *bursts = json_array();

	for (unsigned i = 0; i < BURST_SIZES; i++)
		json_array_append_new(bursts, json_integer((json_int_t)f->bursts[i]));
	set(o, "polls", f->polls);
	json_object_set_new(o, "bursts_from_1_2_4_8_16_32_64", bursts);
	set(o, "full_bursts", f->full_bursts);
	set(o, "late", f->late);
	set(o, "unchecked", f->unchecked);
	set(o, "turns_refused", f->turns_refused);
	json_object_set_new(o, "verified", json_boolean(r->options->verify && f->unverified == 0 && f->packets > 0));
	json_object_set_new(o, "drops", drops_json(f));
	json_object_set_new(o, "latency_ns", latency_json(f));
	json_object_set_new(o, "limit", json_string(limit_names[limit]));
	json_object_set_new(o, "why", json_string(why));
	put(o);
}

/* ---- text ---- */

static void print_rates(const struct rates *r, const struct figures *f)
{
	printf("%7.1f s  %7.3f Mpps  %7.3f Gb/s  %7.3f Gb/s of content  %4.1f a burst  %3.0f %% empty  %5.0f cycles a packet  "
	       "%" PRIu64 " lost  %" PRIu64 " missed\n",
	       r->seconds, r->mpps, r->gbps, r->content_gbps, r->burst, 100 * r->empty, r->cycles, f->lost, f->missed);
	fflush(stdout);
}

static void print_count(const char *what, uint64_t n)
{
	if (n > 0)
		printf("%16" PRIu64 "  %s\n", n, what);
}

static void print_latency(const struct figures *f)
{
	const struct histogram *h = &f->latency;

	if (h->n == 0)
		return;
	printf("latency, us: least %.1f, half %.1f, 90 %% %.1f, 99 %% %.1f, 99.9 %% %.1f, most %.1f%s\n",
	       (double)f->latency_least / 1e3, (double)histogram_quantile(h, 0.5) / 1e3,
	       (double)histogram_quantile(h, 0.9) / 1e3, (double)histogram_quantile(h, 0.99) / 1e3,
	       (double)histogram_quantile(h, 0.999) / 1e3, (double)h->max / 1e3,
	       f->latency_least < 0 ? " (the clocks of the two machines differ)" : "");
}

static void end_text(const struct run *r, const struct rates *rates, enum limit limit, const char *why)
{
	const struct figures *f = &r->figures;

	printf("in all %" PRIu64 " packets, %" PRIu64 " frames, %" PRIu64 " bytes; bursts of 1: %" PRIu64, f->packets, f->frames,
	       f->bytes, f->bursts[0]);
	for (unsigned i = 1; i < BURST_SIZES; i++)
		printf(", %u: %" PRIu64, 1u << i, f->bursts[i]);
	printf("; polls %" PRIu64 ", %" PRIu64 " of them empty\n", f->polls, f->empty_polls);
	print_rates(rates, f);
	print_count("frames lost before they were seen (missed)", f->missed);
	print_count("numbers that did not come (lost)", f->lost);
	print_count("packets that came late or twice", f->late);
	print_count("packets that do not verify", f->unverified);
	print_count("packets that need a key to verify: not checked", f->unchecked);
	print_count("datagrams that cannot be read (malformed)", f->malformed);
	print_count("datagrams to other groups or ports", f->other_group);
	for (unsigned i = NET_OWN; i < NET_VERDICT_COUNT; i++)
		print_count(net_verdict_names[i], f->verdicts[i]);
	print_count("frames that could not be sent", f->dropped);
	print_latency(f);
	printf("limit: %s: %s\n", limit_names[limit], why);
	fflush(stdout);
}

/* ---- events ---- */

void report_start(const struct run *r)
{
	const struct port_info *p = &r->port->info;

	if (p->note[0] != '\0')
		fprintf(stderr, "wdsbench: %s\n", p->note);
	if (r->options->json)
		put(json_pack("{s:s, s:s, s:s, s:i}", "event", "start", "port", p->spec, "driver", p->driver, "mtu", (int)p->mtu));
	else if (!r->options->quiet)
		printf("%s (%s), MTU %u\n", p->spec, p->driver, p->mtu);
	fflush(stdout);
}

void report_interval(const struct run *r, const struct figures *before, const struct figures *now)
{
	struct rates rates = rates_of(before, now);

	if (r->options->json)
		put(rates_json("interval", &rates, now));
	else
		print_rates(&rates, now);
}

void report_end(const struct run *r)
{
	static const struct figures none;
	struct rates rates = rates_of(&none, &r->figures);
	char why[192];
	enum limit limit = run_limit(r, why, sizeof(why));

	if (r->options->json)
		end_json(r, &rates, limit, why);
	else
		end_text(r, &rates, limit, why);
}
