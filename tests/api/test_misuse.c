/* What a program must not do: each has its code, and nothing crashes, hangs or changes. */
#include "api/world.h"

#include <stdlib.h>

enum { OBJECT_BYTES = 3000000 };

static void bad_requests_are_refused(void)
{
	WDS_TRANSPORTCLIENT_REQUEST good = { .ulLength = sizeof(good),
		                             .ulApiVersion = 1,
		                             .ulAuthLevel = WDS_TRANSPORTCLIENT_AUTH,
		                             .pwszServer = u"s",
		                             .pwszNamespace = u"n",
		                             .pwszObjectName = u"o",
		                             .ulProtocol = WDS_TRANSPORTCLIENT_PROTOCOL_MULTICAST };
	WDS_TRANSPORTCLIENT_REQUEST bad[13];
	char16_t too_long[600], lone[] = { 0xd800, 0 };
	HANDLE h = NULL;

	for (unsigned i = 0; i < 13; i++)
		bad[i] = good;
	for (unsigned i = 0; i < 600; i++)
		too_long[i] = i < 599 ? u'x' : 0;
	bad[0].ulLength = sizeof(good) - 1;
	bad[1].ulApiVersion = 2;
	bad[2].ulAuthLevel = 0;
	bad[3].ulAuthLevel = 3;
	bad[4].ulProtocol = 2;
	bad[5].pvProtocolData = &h;
	bad[6].pwszServer = NULL;
	bad[7].pwszNamespace = NULL;
	bad[8].pwszObjectName = NULL;
	bad[9].pwszServer = u"";
	bad[10].pwszNamespace = too_long;
	bad[11].pwszObjectName = lone;
	bad[12].pwszServer = too_long;
	world_start_initialized();
	for (unsigned i = 0; i < 13; i++)
		CU_ASSERT_EQUAL(WdsTransportClientInitializeSession(&bad[i], NULL, &h), ERROR_INVALID_PARAMETER);
	CU_ASSERT_PTR_NULL(h);
	CU_ASSERT_EQUAL(WdsTransportClientInitializeSession(NULL, NULL, &h), ERROR_INVALID_PARAMETER);
	CU_ASSERT_EQUAL(WdsTransportClientInitializeSession(&good, NULL, NULL), ERROR_INVALID_PARAMETER);
	good.ulLength += 8; /* of a later header */
	CU_ASSERT_EQUAL(WdsTransportClientInitializeSession(&good, NULL, &h), ERROR_SUCCESS);
	CU_ASSERT_EQUAL(WdsTransportClientCloseSession(h), ERROR_SUCCESS);
	world_stop();
}

static void expect_invalid(HANDLE h)
{
	ULARGE_INTEGER zero = { .QuadPart = 0 };
	ULONG status, code;

	CU_ASSERT_EQUAL(WdsTransportClientRegisterCallback(h, WDS_TRANSPORTCLIENT_SESSION_START, &zero),
	                ERROR_INVALID_HANDLE);
	CU_ASSERT_EQUAL(WdsTransportClientStartSession(h), ERROR_INVALID_HANDLE);
	CU_ASSERT_EQUAL(WdsTransportClientCompleteReceive(h, 1, &zero), ERROR_INVALID_HANDLE);
	CU_ASSERT_EQUAL(WdsTransportClientCancelSession(h), ERROR_INVALID_HANDLE);
	CU_ASSERT_EQUAL(WdsTransportClientCancelSessionEx(h, 1), ERROR_INVALID_HANDLE);
	CU_ASSERT_EQUAL(WdsTransportClientWaitForCompletion(h, INFINITE), ERROR_INVALID_HANDLE);
	CU_ASSERT_EQUAL(WdsTransportClientQueryStatus(h, &status, &code), ERROR_INVALID_HANDLE);
	CU_ASSERT_EQUAL(WdsTransportClientCloseSession(h), ERROR_INVALID_HANDLE);
	CU_ASSERT_EQUAL(WdsTransportClientNegotiateRequiredDataRange(h, h, zero, zero), ERROR_INVALID_HANDLE);
}

static void handles_that_are_none_are_told(void)
{
	struct consumer *c;
	HANDLE old;

	world_start_initialized();
	expect_invalid(NULL);
	expect_invalid((HANDLE)(uintptr_t)1);
	expect_invalid((HANDLE)UINTPTR_MAX);
	expect_invalid(&old); /* a pointer of ours is no handle */
	c = consumer_new();
	old = c->session;
	expect_invalid((HANDLE)((uintptr_t)old + 8)); /* a neighbour's */
	CU_ASSERT_EQUAL(WdsTransportClientCloseSession(old), ERROR_SUCCESS);
	expect_invalid(old);
	consumer_free(c);
	for (unsigned i = 0; i < 3000; i++) { /* the entry is used again, its old handle stays dead */
		c = consumer_new();
		CU_ASSERT(c->session != old);
		consumer_free(c);
	}
	expect_invalid(old);
	world_stop();
}

static void wrong_arguments_are_told(void)
{
	struct consumer *c;
	ULONG status;

	world_start_initialized();
	c = consumer_new();
	CU_ASSERT_EQUAL(WdsTransportClientRegisterCallback(c->session, WDS_TRANSPORTCLIENT_MAX_CALLBACKS, c),
	                ERROR_INVALID_PARAMETER);
	CU_ASSERT_EQUAL(WdsTransportClientRegisterCallback(c->session, (TRANSPORTCLIENT_CALLBACK_ID)-1, c),
	                ERROR_INVALID_PARAMETER);
	CU_ASSERT_EQUAL(WdsTransportClientRegisterCallback(c->session, WDS_TRANSPORTCLIENT_SESSION_START, NULL),
	                ERROR_INVALID_PARAMETER);
	CU_ASSERT_EQUAL(WdsTransportClientQueryStatus(c->session, NULL, &status), ERROR_INVALID_PARAMETER);
	CU_ASSERT_EQUAL(WdsTransportClientQueryStatus(c->session, &status, NULL), ERROR_INVALID_PARAMETER);
	CU_ASSERT_EQUAL(WdsTransportClientCompleteReceive(c->session, 1, NULL), ERROR_INVALID_PARAMETER);
	consumer_free(c);
	world_stop();
}

static void completion_that_does_not_match_changes_nothing(void)
{
	struct consumer *c;

	world_start_initialized();
	world_object(OBJECT_BYTES, 1);
	c = consumer_new();
	c->holds = true;
	consumer_start(c);
	WORLD_UNTIL(consumer_contents(c) > 2);
	host_lock(c->lock);
	ULARGE_INTEGER at = { .QuadPart = c->held[0].offset }, off = { .QuadPart = c->held[0].offset + 1 };
	ULARGE_INTEGER beyond = { .QuadPart = UINT64_MAX };
	ULONG len = c->held[0].len;

	host_unlock(c->lock);
	CU_ASSERT_EQUAL(WdsTransportClientCompleteReceive(c->session, len - 1, &at), ERROR_INVALID_PARAMETER);
	CU_ASSERT_EQUAL(WdsTransportClientCompleteReceive(c->session, len + 1, &at), ERROR_INVALID_PARAMETER);
	CU_ASSERT_EQUAL(WdsTransportClientCompleteReceive(c->session, len, &off), ERROR_INVALID_PARAMETER);
	CU_ASSERT_EQUAL(WdsTransportClientCompleteReceive(c->session, len, &beyond), ERROR_INVALID_PARAMETER);
	c->holds = false;
	consumer_complete_held(c); /* each of them is still to come, once */
	CU_ASSERT_EQUAL(WdsTransportClientCompleteReceive(c->session, len, &at), ERROR_INVALID_PARAMETER);
	CU_ASSERT(consumer_wait(c));
	CU_ASSERT_EQUAL(c->bytes, OBJECT_BYTES);
	consumer_free(c);
	world_stop();
}

static void buffers_that_are_none_are_told(void)
{
	struct consumer *c;
	uint8_t mine[8];

	world_start_initialized();
	world_object(OBJECT_BYTES, 2);
	c = consumer_new();
	c->holds = true;
	consumer_start(c);
	WORLD_UNTIL(consumer_contents(c) > 0);
	host_lock(c->lock);
	uint8_t *held = c->held[0].bytes;

	host_unlock(c->lock);
	CU_ASSERT_EQUAL(WdsTransportClientAddRefBuffer(NULL), ERROR_INVALID_PARAMETER);
	CU_ASSERT_EQUAL(WdsTransportClientAddRefBuffer(mine), ERROR_INVALID_PARAMETER);
	CU_ASSERT_EQUAL(WdsTransportClientAddRefBuffer(held + 1), ERROR_INVALID_PARAMETER);
	CU_ASSERT_EQUAL(WdsTransportClientReleaseBuffer(held), ERROR_INVALID_PARAMETER);
	CU_ASSERT_EQUAL(WdsTransportClientAddRefBuffer(held), ERROR_SUCCESS);
	CU_ASSERT_EQUAL(WdsTransportClientReleaseBuffer(held), ERROR_SUCCESS);
	CU_ASSERT_EQUAL(WdsTransportClientReleaseBuffer(held), ERROR_INVALID_PARAMETER);
	CU_ASSERT_EQUAL(WdsTransportClientCancelSession(c->session), ERROR_SUCCESS);
	CU_ASSERT(consumer_wait(c));
	consumer_free(c);
	world_stop();
}

static void what_would_wait_for_itself(struct consumer *c)
{
	CU_ASSERT_EQUAL(WdsTransportClientWaitForCompletion(c->session, INFINITE), ERROR_POSSIBLE_DEADLOCK);
	CU_ASSERT_EQUAL(WdsTransportClientShutdown(), ERROR_POSSIBLE_DEADLOCK);
	CU_ASSERT_EQUAL(WdsTransportClientInitialize(), ERROR_POSSIBLE_DEADLOCK);
}

static void nothing_in_a_callback_waits_for_itself(void)
{
	struct consumer *c;

	world_start_initialized();
	world_object(1000, 3);
	c = consumer_new();
	c->on_negotiate = c->on_start = c->on_contents = c->on_complete = what_would_wait_for_itself;
	consumer_start(c);
	CU_ASSERT(consumer_wait(c));
	CU_ASSERT_EQUAL(c->result, ERROR_SUCCESS);
	consumer_free(c);
	world_stop();
}

static struct consumer *pair[2];

static void wait_for_the_other(struct consumer *c)
{
	HANDLE other = pair[c == pair[0]]->session;

	WORLD_UNTIL(consumer_contents(pair[0]) > 0 && consumer_contents(pair[1]) > 0); /* both are inside */
	CU_ASSERT_EQUAL(WdsTransportClientWaitForCompletion(other, INFINITE), ERROR_POSSIBLE_DEADLOCK);
	CU_ASSERT_EQUAL(WdsTransportClientShutdown(), ERROR_POSSIBLE_DEADLOCK);
}

static void the_callbacks_of_two_sessions_do_not_wait_for_each_other(void)
{
	world_start_initialized();
	world_object(1000, 4);
	for (unsigned i = 0; i < 2; i++) {
		pair[i] = consumer_new();
		pair[i]->on_contents = wait_for_the_other;
	}
	for (unsigned i = 0; i < 2; i++)
		consumer_start(pair[i]);
	for (unsigned i = 0; i < 2; i++) {
		CU_ASSERT(consumer_wait(pair[i]));
		CU_ASSERT_EQUAL(pair[i]->result, ERROR_SUCCESS);
	}
	for (unsigned i = 0; i < 2; i++)
		consumer_free(pair[i]);
	world_stop();
}

static void close_myself(struct consumer *c)
{
	CU_ASSERT_EQUAL(WdsTransportClientCloseSession(c->session), ERROR_SUCCESS);
}

static void a_session_may_be_closed_in_its_own_callback(void)
{
	struct consumer *c[4];

	world_start_initialized();
	world_object(1000, 4);
	for (unsigned i = 0; i < 4; i++) {
		c[i] = consumer_new();
		consumer_hook **hooks[] = { &c[i]->on_negotiate, &c[i]->on_start, &c[i]->on_contents, &c[i]->on_complete };

		*hooks[i] = close_myself;
		consumer_start(c[i]);
		WORLD_UNTIL(consumer_is_complete(c[i]));
	}
	world_stop();
	for (unsigned i = 0; i < 4; i++) {
		CU_ASSERT_EQUAL(c[i]->result, ERROR_SUCCESS);
		consumer_free(c[i]);
	}
}

static void start_another(struct consumer *c)
{
	consumer_start(c->arg);
}

static void another_session_may_be_started_in_a_callback(void)
{
	struct consumer *one, *two;

	world_start_initialized();
	world_object(100000, 5);
	one = consumer_new();
	two = consumer_new();
	one->arg = two;
	one->on_start = start_another;
	consumer_start(one);
	CU_ASSERT(consumer_wait(one));
	CU_ASSERT(consumer_wait(two));
	CU_ASSERT_EQUAL(two->bytes, 100000);
	consumer_free(one);
	consumer_free(two);
	world_stop();
}

static void a_cancel_before_the_start_keeps_it_from_starting(void)
{
	struct consumer *c;

	world_start_initialized();
	world_object(1000, 6);
	c = consumer_new();
	CU_ASSERT_EQUAL(WdsTransportClientCancelSession(c->session), ERROR_SUCCESS);
	CU_ASSERT_EQUAL(WdsTransportClientStartSession(c->session), ERROR_CANCELLED);
	host_nap(20 * NS_PER_MS);
	CU_ASSERT_STRING_EQUAL(c->log, "");
	consumer_free(c);
	world_stop();
}

static void what_cannot_start_tells_why(void)
{
	struct consumer *c;

	world_start_initialized();
	c = consumer_new_for(u"no.such.host.invalid", u"ns", u"o", 0);
	consumer_register(c, WDS_TRANSPORTCLIENT_SESSION_START);
	consumer_register(c, WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS);
	consumer_register(c, WDS_TRANSPORTCLIENT_SESSION_COMPLETE);
	CU_ASSERT_EQUAL(WdsTransportClientStartSession(c->session), WSAHOST_NOT_FOUND);
	CU_ASSERT_STRING_EQUAL(wdscast_last_error_text(), "no such host: no.such.host.invalid");
	consumer_free(c);
	world_stop();
}

static const struct suite_test tests[] = {
	SUITE_TEST(bad_requests_are_refused),
	SUITE_TEST(handles_that_are_none_are_told),
	SUITE_TEST(wrong_arguments_are_told),
	SUITE_TEST(completion_that_does_not_match_changes_nothing),
	SUITE_TEST(buffers_that_are_none_are_told),
	SUITE_TEST(nothing_in_a_callback_waits_for_itself),
	SUITE_TEST(the_callbacks_of_two_sessions_do_not_wait_for_each_other),
	SUITE_TEST(a_session_may_be_closed_in_its_own_callback),
	SUITE_TEST(another_session_may_be_started_in_a_callback),
	SUITE_TEST(a_cancel_before_the_start_keeps_it_from_starting),
	SUITE_TEST(what_cannot_start_tells_why),
};
SUITE_MAIN("api/misuse", tests)
