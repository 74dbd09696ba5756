#include "engine/server_internal.h"

/* MS-WDSMSI 3.1.5.3 step 7; stateless, so a repeated request gets the same session. */
void server_answer_request(struct writer *w, const struct server_config *session, bool wants_stamp, uint32_t win32)
{
	struct msi_reply reply;

	if (win32 != 0) {
		msi_write_error(w, win32);
		return;
	}
	reply = (struct msi_reply){ .multicast = session->multicast,
		                    .server = session->unicast,
		                    .content_bytes = session->content_bytes,
		                    .total_blocks = session->total_blocks,
		                    .block_bytes = session->block_bytes,
		                    .session_id = session->session_id };
	if (wants_stamp)
		reply.stamp = session->stamp;
	msi_write_reply(w, &reply);
}
