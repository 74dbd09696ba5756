/* The checklist of the API sheet, section 16: an item or more a test, in its order. */
#include "api/world.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	OBJECT_BYTES = 300000,
	LONG_BYTES = 3000000 /* more than the cache: held blocks keep it from its end */
};

static HANDLE nobody = (HANDLE)(uintptr_t)0x1234;

/* ---- 1 ---- */

static void item_01_any_call_before_initialize_fails(void)
{
	WDS_TRANSPORTCLIENT_REQUEST r = { .ulLength = sizeof(r) };
	ULARGE_INTEGER zero = { .QuadPart = 0 };
	ULONG status, code;
	HANDLE h;

	CU_ASSERT_EQUAL(WdsTransportClientInitializeSession(&r, NULL, &h), WDSTPC_E_NOT_INITIALIZED);
	CU_ASSERT_EQUAL(WdsTransportClientRegisterCallback(nobody, WDS_TRANSPORTCLIENT_SESSION_START, NULL),
	                WDSTPC_E_NOT_INITIALIZED);
	CU_ASSERT_EQUAL(WdsTransportClientStartSession(nobody), WDSTPC_E_NOT_INITIALIZED);
	CU_ASSERT_EQUAL(WdsTransportClientCompleteReceive(nobody, 1, &zero), WDSTPC_E_NOT_INITIALIZED);
	CU_ASSERT_EQUAL(WdsTransportClientAddRefBuffer(&r), WDSTPC_E_NOT_INITIALIZED);
	CU_ASSERT_EQUAL(WdsTransportClientReleaseBuffer(&r), WDSTPC_E_NOT_INITIALIZED);
	CU_ASSERT_EQUAL(WdsTransportClientCancelSession(nobody), WDSTPC_E_NOT_INITIALIZED);
	CU_ASSERT_EQUAL(WdsTransportClientCancelSessionEx(nobody, 5), WDSTPC_E_NOT_INITIALIZED);
	CU_ASSERT_EQUAL(WdsTransportClientWaitForCompletion(nobody, 0), WDSTPC_E_NOT_INITIALIZED);
	CU_ASSERT_EQUAL(WdsTransportClientQueryStatus(nobody, &status, &code), WDSTPC_E_NOT_INITIALIZED);
	CU_ASSERT_EQUAL(WdsTransportClientCloseSession(nobody), WDSTPC_E_NOT_INITIALIZED);
	CU_ASSERT_EQUAL(WdsTransportClientNegotiateRequiredDataRange(nobody, nobody, zero, zero),
	                WDSTPC_E_NOT_INITIALIZED);
	CU_ASSERT_EQUAL(WdsTransportClientShutdown(), WDSTPC_E_NOT_INITIALIZED);
}

/* ---- 2 ---- */

static const TRANSPORTCLIENT_CALLBACK_ID required[] = { WDS_TRANSPORTCLIENT_SESSION_START,
	                                                WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS,
	                                                WDS_TRANSPORTCLIENT_SESSION_COMPLETE };

static void item_02_start_without_a_required_callback_fails(void)
{
	world_start_initialized();
	world_object(1000, 1);
	for (unsigned without = 0; without < 3; without++) {
		struct consumer *c = consumer_new_for(WORLD_SERVER, u"ns", u"o", 0);

		for (unsigned i = 0; i < 3; i++)
			if (i != without)
				consumer_register(c, required[i]);
		CU_ASSERT_EQUAL(WdsTransportClientStartSession(c->session), WDSTPC_E_CALLBACKS_NOT_REG);
		host_nap(20 * NS_PER_MS);
		CU_ASSERT_STRING_EQUAL(c->log, "");
		consumer_register(c, required[without]); /* and with it, it may */
		consumer_start(c);
		CU_ASSERT(consumer_wait(c));
		CU_ASSERT_STRING_EQUAL(c->log, "SCD");
		consumer_free(c);
	}
	world_stop();
}

static void item_02_start_ex_stands_in_for_start(void)
{
	struct consumer *c;

	world_start_initialized();
	world_object(1000, 1);
	c = consumer_new_for(WORLD_SERVER, u"ns", u"o", 0);
	consumer_register(c, WDS_TRANSPORTCLIENT_SESSION_STARTEX);
	consumer_register(c, WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS);
	consumer_register(c, WDS_TRANSPORTCLIENT_SESSION_COMPLETE);
	consumer_start(c);
	CU_ASSERT(consumer_wait(c));
	CU_ASSERT_STRING_EQUAL(c->log, "XCD");
	consumer_free(c);
	world_stop();
}

/* ---- 3 ---- */

static void item_03_register_after_start_fails(void)
{
	struct consumer *c;

	world_start_initialized();
	world_object(1000, 1);
	c = consumer_new();
	consumer_start(c);
	DWORD code = WdsTransportClientRegisterCallback(c->session, WDS_TRANSPORTCLIENT_SESSION_START, c);

	CU_ASSERT(code == WDSTPC_E_ALREADY_IN_PROGRESS || code == WDSTPC_E_ALREADY_COMPLETED);
	CU_ASSERT(consumer_wait(c));
	CU_ASSERT_EQUAL(WdsTransportClientRegisterCallback(c->session, WDS_TRANSPORTCLIENT_SESSION_START, c),
	                WDSTPC_E_ALREADY_COMPLETED);
	CU_ASSERT_EQUAL(WdsTransportClientStartSession(c->session), WDSTPC_E_ALREADY_COMPLETED);
	consumer_free(c);
	world_stop();
}

/* ---- 4 ---- */

static void a_whole_transfer(void)
{
	struct consumer *c = consumer_new();

	consumer_start(c);
	CU_ASSERT(consumer_wait(c));
	CU_ASSERT_EQUAL(c->result, ERROR_SUCCESS);
	CU_ASSERT_EQUAL(c->size, OBJECT_BYTES);
	CU_ASSERT_EQUAL(c->bytes, OBJECT_BYTES);
	CU_ASSERT_STRING_EQUAL(c->log, "NSXCD");
	for (uint64_t i = 0; i < (c->size + c->block_bytes - 1) / c->block_bytes; i++)
		CU_ASSERT_EQUAL(c->seen[i], 1);
	consumer_free(c);
}

static void item_04_every_byte_is_delivered_once(void)
{
	world_start_initialized();
	world_object(OBJECT_BYTES, 2);
	a_whole_transfer();
	world_stop();
}

static void item_04_every_byte_is_delivered_once_in_spite_of_loss(void)
{
	world_start_initialized();
	world_object(OBJECT_BYTES, 3);
	world_lose_one_in(29);
	a_whole_transfer();
	world_stop();
}

/* ---- 5 ---- */

static void item_05_without_completion_delivery_stops_at_the_cache_size(void)
{
	struct consumer *c;
	unsigned before;

	world_start_initialized();
	world_object(OBJECT_BYTES, 4);
	c = consumer_new_for(WORLD_SERVER, u"ns", u"o", 50000);
	consumer_register(c, WDS_TRANSPORTCLIENT_SESSION_STARTEX);
	consumer_register(c, WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS);
	consumer_register(c, WDS_TRANSPORTCLIENT_SESSION_COMPLETE);
	c->holds = true;
	consumer_start(c);
	WORLD_UNTIL(consumer_contents(c) > 0 && consumer_contents(c) == 50000 / c->block_bytes);
	before = consumer_contents(c);
	host_nap(300 * NS_PER_MS);
	CU_ASSERT_EQUAL(consumer_contents(c), before);
	CU_ASSERT(c->most_outstanding <= 50000);
	c->holds = false;
	consumer_complete_held(c);
	CU_ASSERT(consumer_wait(c));
	CU_ASSERT_EQUAL(c->result, ERROR_SUCCESS);
	CU_ASSERT_EQUAL(c->bytes, OBJECT_BYTES);
	CU_ASSERT(c->most_outstanding <= 50000);
	consumer_free(c);
	world_stop();
}

/* ---- 6 ---- */

static void complete_newest_first(struct consumer *c)
{
	host_lock(c->lock);
	while (c->held_count > 0) {
		unsigned i = --c->held_count;
		ULARGE_INTEGER at = { .QuadPart = c->held[i].offset };

		CU_ASSERT_EQUAL(WdsTransportClientCompleteReceive(c->session, c->held[i].len, &at), ERROR_SUCCESS);
		c->outstanding -= c->held[i].len;
	}
	host_unlock(c->lock);
}

static void item_06_completion_works_later_from_another_thread_in_any_order(void)
{
	struct consumer *c;

	world_start_initialized();
	world_object(OBJECT_BYTES, 5);
	c = consumer_new();
	c->holds = true;
	consumer_start(c);
	while (WdsTransportClientWaitForCompletion(c->session, 1) == WAIT_TIMEOUT)
		complete_newest_first(c);
	complete_newest_first(c); /* also after SessionComplete */
	CU_ASSERT_EQUAL(c->result, ERROR_SUCCESS);
	CU_ASSERT_EQUAL(c->bytes, OBJECT_BYTES);
	consumer_free(c);
	world_stop();
}

/* ---- 7 ---- */

static void item_07_a_referenced_buffer_stays_until_it_is_released(void)
{
	struct consumer *c;
	uint8_t *expected = malloc(20000);

	tree_fill(expected, 20000, 6);
	world_start_initialized();
	world_object(20000, 6);
	c = consumer_new();
	c->holds = c->references = true;
	consumer_start(c);
	CU_ASSERT(consumer_wait(c));
	CU_ASSERT(c->held_count > 1);
	for (unsigned i = 0; i < c->held_count; i++) {
		ULARGE_INTEGER at = { .QuadPart = c->held[i].offset };

		CU_ASSERT_EQUAL(WdsTransportClientCompleteReceive(c->session, c->held[i].len, &at), ERROR_SUCCESS);
	}
	CU_ASSERT_EQUAL(WdsTransportClientCloseSession(c->session), ERROR_SUCCESS);
	world_stop(); /* even now */
	for (unsigned i = 0; i < c->held_count; i++) {
		CU_ASSERT_EQUAL(memcmp(c->held[i].bytes, expected + c->held[i].offset, c->held[i].len), 0);
		CU_ASSERT_EQUAL(WdsTransportClientReleaseBuffer(c->held[i].bytes), ERROR_SUCCESS);
	}
	CU_ASSERT_EQUAL(WdsTransportClientReleaseBuffer(c->held[0].bytes), WDSTPC_E_NOT_INITIALIZED);
	consumer_free(c);
	free(expected);
}

/* ---- 8, 9 ---- */

static void cancel(struct consumer *c)
{
	CU_ASSERT_EQUAL(WdsTransportClientCancelSession(c->session), ERROR_SUCCESS);
}

static void expect_failure(struct consumer *c, DWORD expected)
{
	ULONG status, code;

	CU_ASSERT(consumer_wait(c));
	CU_ASSERT_EQUAL(c->result, expected);
	CU_ASSERT_EQUAL(WdsTransportClientQueryStatus(c->session, &status, &code), ERROR_SUCCESS);
	CU_ASSERT_EQUAL(status, WDS_TRANSPORTCLIENT_STATUS_FAILURE);
	CU_ASSERT_EQUAL(code, expected);
	CU_ASSERT_EQUAL(c->log[c->log_len - 1], 'D');
}

static void item_08_cancel_works_inside_each_callback(void)
{
	world_start_initialized();
	world_object(OBJECT_BYTES, 7);
	for (unsigned where = 0; where < 3; where++) {
		struct consumer *c = consumer_new();

		c->on_negotiate = where == 0 ? cancel : NULL;
		c->on_start = where == 1 ? cancel : NULL;
		c->on_contents = where == 2 ? cancel : NULL;
		consumer_start(c);
		expect_failure(c, ERROR_CANCELLED);
		consumer_free(c);
	}
	world_stop();
}

static void item_08_cancel_inside_session_complete_comes_too_late(void)
{
	struct consumer *c;

	world_start_initialized();
	world_object(1000, 7);
	c = consumer_new();
	c->on_complete = cancel;
	consumer_start(c);
	CU_ASSERT(consumer_wait(c));
	CU_ASSERT_EQUAL(c->result, ERROR_SUCCESS);
	CU_ASSERT_STRING_EQUAL(c->log, "NSXCD");
	cancel(c); /* after completion: success, and no effect */
	consumer_free(c);
	world_stop();
}

static void item_09_the_first_cancel_code_is_the_result(void)
{
	struct consumer *c;

	world_start_initialized();
	world_object(LONG_BYTES, 8);
	c = consumer_new();
	c->holds = true;
	consumer_start(c);
	WORLD_UNTIL(consumer_contents(c) > 0);
	CU_ASSERT_EQUAL(WdsTransportClientCancelSessionEx(c->session, 4321), ERROR_SUCCESS);
	CU_ASSERT_EQUAL(WdsTransportClientCancelSessionEx(c->session, 99), ERROR_SUCCESS);
	expect_failure(c, 4321);
	consumer_free(c);
	c = consumer_new();
	c->holds = true;
	consumer_start(c);
	CU_ASSERT_EQUAL(WdsTransportClientCancelSessionEx(c->session, 0), ERROR_SUCCESS);
	expect_failure(c, ERROR_CANCELLED); /* never looks successful */
	consumer_free(c);
	world_stop();
}

/* ---- 10 ---- */

static void item_10_a_closed_session_runs_on(void)
{
	struct consumer *c;
	ULONG status, code;

	world_start_initialized();
	world_object(LONG_BYTES, 9);
	c = consumer_new();
	c->holds = true;
	consumer_start(c);
	WORLD_UNTIL(consumer_contents(c) > 0);
	CU_ASSERT_EQUAL(WdsTransportClientCloseSession(c->session), ERROR_SUCCESS);
	CU_ASSERT_EQUAL(WdsTransportClientCancelSession(c->session), ERROR_INVALID_HANDLE);
	CU_ASSERT_EQUAL(WdsTransportClientQueryStatus(c->session, &status, &code), ERROR_INVALID_HANDLE);
	CU_ASSERT_EQUAL(WdsTransportClientCloseSession(c->session), ERROR_INVALID_HANDLE);
	c->holds = false;
	consumer_complete_held(c); /* goes on working */
	WORLD_UNTIL(consumer_is_complete(c));
	world_stop();
	CU_ASSERT_EQUAL(c->result, ERROR_SUCCESS);
	CU_ASSERT_EQUAL(c->bytes, LONG_BYTES);
	consumer_free(c);
}

/* ---- 11 ---- */

static void item_11_wait_tells_the_end_and_not_the_result(void)
{
	struct consumer *c;
	ns_t before;

	world_start_initialized();
	world_object(LONG_BYTES, 10);
	c = consumer_new();
	c->holds = true;
	CU_ASSERT_EQUAL(WdsTransportClientWaitForCompletion(c->session, INFINITE), ERROR_INVALID_PARAMETER);
	consumer_start(c);
	CU_ASSERT_EQUAL(WdsTransportClientWaitForCompletion(c->session, 0), WAIT_TIMEOUT);
	before = host_now();
	CU_ASSERT_EQUAL(WdsTransportClientWaitForCompletion(c->session, 30), WAIT_TIMEOUT);
	CU_ASSERT(host_now() - before >= 30 * NS_PER_MS);
	cancel(c);
	CU_ASSERT_EQUAL(WdsTransportClientWaitForCompletion(c->session, INFINITE), ERROR_SUCCESS);
	CU_ASSERT_EQUAL(c->log[c->log_len - 1], 'D'); /* SessionComplete has returned */
	CU_ASSERT_EQUAL(WdsTransportClientWaitForCompletion(c->session, 0), ERROR_SUCCESS);
	CU_ASSERT_EQUAL(c->result, ERROR_CANCELLED);
	consumer_free(c);
	world_stop();
}

/* ---- 12 ---- */

static void item_12_query_status_until_close(void)
{
	struct consumer *c;
	ULONG status, code;

	world_start_initialized();
	world_object(LONG_BYTES, 11);
	c = consumer_new();
	c->holds = true;
	CU_ASSERT_EQUAL(WdsTransportClientQueryStatus(c->session, &status, &code), ERROR_SUCCESS);
	CU_ASSERT_EQUAL(status, WDS_TRANSPORTCLIENT_STATUS_IN_PROGRESS);
	consumer_start(c);
	WORLD_UNTIL(consumer_contents(c) > 0);
	code = 7;
	CU_ASSERT_EQUAL(WdsTransportClientQueryStatus(c->session, &status, &code), ERROR_SUCCESS);
	c->holds = false;
	CU_ASSERT_EQUAL(code, ERROR_SUCCESS);
	consumer_complete_held(c);
	CU_ASSERT(consumer_wait(c));
	CU_ASSERT_EQUAL(WdsTransportClientQueryStatus(c->session, &status, &code), ERROR_SUCCESS);
	CU_ASSERT_EQUAL(status, WDS_TRANSPORTCLIENT_STATUS_SUCCESS);
	CU_ASSERT_EQUAL(code, ERROR_SUCCESS);
	CU_ASSERT_EQUAL(WdsTransportClientCloseSession(c->session), ERROR_SUCCESS);
	CU_ASSERT_EQUAL(WdsTransportClientQueryStatus(c->session, &status, &code), ERROR_INVALID_HANDLE);
	consumer_free(c);
	world_stop();
}

static void item_12_a_refused_session_fails_with_the_servers_code(void)
{
	struct consumer *c;

	world_start_initialized();
	world_object(1000, 11);
	c = consumer_new_for(WORLD_SERVER, u"ns", u"missing", 0);
	consumer_register(c, WDS_TRANSPORTCLIENT_SESSION_START);
	consumer_register(c, WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS);
	consumer_register(c, WDS_TRANSPORTCLIENT_SESSION_COMPLETE);
	consumer_start(c);
	expect_failure(c, WDSMCS_E_CONTENT_NOT_FOUND);
	CU_ASSERT_STRING_EQUAL(c->log, "D");
	consumer_free(c);
	world_stop();
}

/* ---- 13 ---- */

static void item_13_an_early_end_has_the_handle_of_the_start(void)
{
	struct consumer *c;

	world_start_initialized();
	world_object(0, 12); /* over as soon as the server answers */
	c = consumer_new();
	consumer_start(c);
	CU_ASSERT(consumer_wait(c));
	CU_ASSERT(!atomic_load(&c->wrong_handle));
	CU_ASSERT_STRING_EQUAL(c->log, "NSXD");
	CU_ASSERT_EQUAL(c->size, 0);
	CU_ASSERT_EQUAL(c->result, ERROR_SUCCESS);
	consumer_free(c);
	world_stop();
}

/* ---- 14 ---- */

static void item_14_metadata_is_not_called_where_the_carrier_has_none(void)
{
	struct consumer *c;

	world_start_initialized();
	world_object(1000, 13);
	tree_file("root/ns/o.wdsmeta", 10, 1);
	c = consumer_new();
	consumer_register(c, WDS_TRANSPORTCLIENT_RECEIVE_METADATA);
	consumer_start(c);
	CU_ASSERT(consumer_wait(c));
	CU_ASSERT_STRING_EQUAL(c->log, "NSXCD");
	consumer_free(c);
	world_stop();
}

/* ---- 15 ---- */

/* A session with a server that says what it is told to, kicked for this reason. */
static DWORD kicked_for(uint8_t reason)
{
	struct rig *server = calloc(1, sizeof(*server));
	struct consumer *c;
	DWORD result;

	world_start_scripted(server);
	c = consumer_new();
	consumer_start(c);
	WORLD_UNTIL(rig_receive_request(server));
	rig_reply(server);
	WORLD_UNTIL(rig_receive_opcode(server, MT_JOIN));
	rig_joinack(server);
	WORLD_UNTIL(rig_receive_opcode(server, MT_QCR));
	rig_kick(server, reason);
	CU_ASSERT(consumer_wait(c));
	result = c->result;
	consumer_free(c);
	world_stop_scripted(server);
	free(server);
	return result;
}

static void item_15_each_reason_of_a_kick_has_its_code(void)
{
	CU_ASSERT_EQUAL(kicked_for(0), 0xC1220305u);
	CU_ASSERT_EQUAL(kicked_for(1), 0xC1220306u);
	CU_ASSERT_EQUAL(kicked_for(2), 0xC1220307u);
	CU_ASSERT_EQUAL(kicked_for(3), 0xC1220308u);
}

/* ---- 16 ---- */

static void item_16_initialize_and_shutdown_repeat_in_one_process(void)
{
	world_start();
	world_object(1000, 14);
	for (unsigned i = 0; i < 3; i++) {
		struct consumer *c;

		CU_ASSERT_EQUAL(WdsTransportClientInitialize(), ERROR_SUCCESS);
		c = consumer_new();
		consumer_start(c);
		CU_ASSERT(consumer_wait(c));
		CU_ASSERT_EQUAL(c->result, ERROR_SUCCESS);
		consumer_free(c);
		CU_ASSERT_EQUAL(WdsTransportClientShutdown(), ERROR_SUCCESS);
	}
	CU_ASSERT_EQUAL(WdsTransportClientShutdown(), WDSTPC_E_NOT_INITIALIZED);
	world_stop_shut_down();
}

static void item_16_initialize_is_counted(void)
{
	struct consumer *c;

	world_start_initialized();
	world_object(1000, 15);
	CU_ASSERT_EQUAL(WdsTransportClientInitialize(), ERROR_SUCCESS);
	CU_ASSERT_EQUAL(WdsTransportClientShutdown(), ERROR_SUCCESS);
	c = consumer_new();
	consumer_start(c);
	CU_ASSERT(consumer_wait(c));
	consumer_free(c);
	world_stop();
}

static void item_16_shutdown_cancels_what_still_runs(void)
{
	struct consumer *c;

	world_start_initialized();
	world_object(LONG_BYTES, 16);
	c = consumer_new();
	c->holds = true;
	consumer_start(c);
	WORLD_UNTIL(consumer_contents(c) > 0);
	world_stop();
	CU_ASSERT_EQUAL(c->log[c->log_len - 1], 'D');
	CU_ASSERT_EQUAL(c->result, ERROR_CANCELLED);
	consumer_free(c);
}

/* ---- wdscast.h ---- */

static struct {
	unsigned calls, workers;
	uintptr_t thread;
	char spec[64];
} told;

/* Threads of this process that receive, the server's among them. */
static unsigned count_workers(void)
{
	char path[300], name[32];
	DIR *all = opendir("/proc/self/task");
	const struct dirent *d;
	unsigned n = 0;
	FILE *f;

	CU_ASSERT_PTR_NOT_NULL_FATAL(all);
	while ((d = readdir(all)) != NULL) {
		snprintf(path, sizeof(path), "/proc/self/task/%s/comm", d->d_name);
		f = fopen(path, "re");
		if (f == NULL)
			continue;
		n += fgets(name, sizeof(name), f) != NULL && strcmp(name, "wds-worker\n") == 0;
		fclose(f);
	}
	closedir(all);
	return n;
}

static void on_port(const char *spec)
{
	told.calls++;
	told.workers = count_workers();
	told.thread = host_thread_self();
	snprintf(told.spec, sizeof(told.spec), "%s", spec);
}

/* So it may give up what it needed for the port: once, on the thread that will start the worker's. */
static void a_program_hears_of_its_port_before_anything_is_read_from_it(void)
{
	struct consumer *first, *second;
	char described[256];
	unsigned before;

	memset(&told, 0, sizeof(told));
	world_on_port = on_port;
	world_start_initialized();
	world_on_port = NULL;
	world_object(OBJECT_BYTES, 17);
	first = consumer_new();
	WORLD_UNTIL((before = count_workers()) > 0); /* the server's has its name */
	consumer_start(first);
	CU_ASSERT_EQUAL(told.calls, 1);
	CU_ASSERT_EQUAL(told.workers, before);
	CU_ASSERT_EQUAL(told.thread, host_thread_self());
	CU_ASSERT_EQUAL(wdscast_describe_port(first->session, described, sizeof(described)), ERROR_SUCCESS);
	CU_ASSERT(told.spec[0] != '\0' && strncmp(described, told.spec, strlen(told.spec)) == 0);
	second = consumer_new();
	consumer_start(second);
	CU_ASSERT(consumer_wait(first));
	CU_ASSERT(consumer_wait(second));
	CU_ASSERT_EQUAL(first->result, ERROR_SUCCESS);
	CU_ASSERT_EQUAL(told.calls, 1); /* it is the same port */
	consumer_free(first);
	consumer_free(second);
	world_stop();
}

static const struct suite_test tests[] = {
	SUITE_TEST(item_01_any_call_before_initialize_fails),
	SUITE_TEST(item_02_start_without_a_required_callback_fails),
	SUITE_TEST(item_02_start_ex_stands_in_for_start),
	SUITE_TEST(item_03_register_after_start_fails),
	SUITE_TEST(item_04_every_byte_is_delivered_once),
	SUITE_TEST(item_04_every_byte_is_delivered_once_in_spite_of_loss),
	SUITE_TEST(item_05_without_completion_delivery_stops_at_the_cache_size),
	SUITE_TEST(item_06_completion_works_later_from_another_thread_in_any_order),
	SUITE_TEST(item_07_a_referenced_buffer_stays_until_it_is_released),
	SUITE_TEST(item_08_cancel_works_inside_each_callback),
	SUITE_TEST(item_08_cancel_inside_session_complete_comes_too_late),
	SUITE_TEST(item_09_the_first_cancel_code_is_the_result),
	SUITE_TEST(item_10_a_closed_session_runs_on),
	SUITE_TEST(item_11_wait_tells_the_end_and_not_the_result),
	SUITE_TEST(item_12_query_status_until_close),
	SUITE_TEST(item_12_a_refused_session_fails_with_the_servers_code),
	SUITE_TEST(item_13_an_early_end_has_the_handle_of_the_start),
	SUITE_TEST(item_14_metadata_is_not_called_where_the_carrier_has_none),
	SUITE_TEST(item_15_each_reason_of_a_kick_has_its_code),
	SUITE_TEST(item_16_initialize_and_shutdown_repeat_in_one_process),
	SUITE_TEST(item_16_initialize_is_counted),
	SUITE_TEST(item_16_shutdown_cancels_what_still_runs),
	SUITE_TEST(a_program_hears_of_its_port_before_anything_is_read_from_it),
};

int main(int argc, char **argv)
{
	return world_main(argc, argv, "api/conformance", tests, sizeof(tests) / sizeof(tests[0]));
}
