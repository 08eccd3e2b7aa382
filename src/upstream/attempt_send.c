/* SPDX-License-Identifier: MIT */
/* The request on its way, over a connection of its own or as a call on a shared one. */
#include "shared_conn.h"
#include "upstream_private.h"

/* The end of a chunked body (RFC 9112 7.1.2). */
static struct slice write_trailers(struct attempt *attempt, const struct headers *trailers)
{
    struct head_out out;

    if (!trailers || trailers->count == 0)
        return SLICE("0\r\n\r\n");
    buffer_borrow(&attempt->trailers, &upstream_loop(attempt->upstream)->stock, BUFFER_SIZE);
    head_out_init(&out, attempt->trailers.base, attempt->trailers.capacity);
    head_out_raw(&out, SLICE("0\r\n"));
    head_out_fields(&out, trailers);
    head_out_end(&out);
    return head_out_ok(&out) ? slice_make(out.base, out.len) : SLICE("0\r\n\r\n");
}

static void write_part(struct attempt *attempt, const struct request_part *part)
{
    struct slice parts[5];
    unsigned count = 0;

    if (part->head.len)
        parts[count++] = part->head;
    if (part->payload.len && part->chunked)
        parts[count++] = slice_make(attempt->chunk_head, chunk_head_write(attempt->chunk_head, part->payload.len));
    if (part->payload.len)
        parts[count++] = part->payload;
    if (part->payload.len && part->chunked)
        parts[count++] = SLICE("\r\n");
    if (part->last && part->chunked)
        parts[count++] = write_trailers(attempt, part->trailers);
    if (count)
        stream_write(attempt->conn->stream, parts, count);
}

static void send_on_call(struct attempt *attempt, const struct request_part *part)
{
    h2_call_send(attempt->call, part);
    if (attempt->state == ATTEMPT_READY)
        attempt->state = ATTEMPT_AWAITING;
}

void attempt_send(struct attempt *attempt, const struct request_part *part)
{
    attempt->sent = true;
    if (!attempt->conn) {
        send_on_call(attempt, part);
        return;
    }
    write_part(attempt, part);
    if (attempt->state == ATTEMPT_READY) {
        attempt->state = ATTEMPT_AWAITING;
        /* What a pooled connection brought before it was asked belongs to nobody. */
        if (buffer_len(&attempt->conn->stream->in))
            attempt_fail(attempt, REASON_SERVER_CLOSED);
    }
}

void attempt_expect_answer(struct attempt *attempt)
{
    if (attempt->response_timeout_ms && attempt->state == ATTEMPT_AWAITING)
        loop_set_deadline_in(upstream_loop(attempt->upstream), &attempt->deadline, attempt->response_timeout_ms);
}

bool attempt_call_is_writing(const struct attempt *attempt)
{
    return attempt->call && h2_call_is_writing(attempt->call);
}

bool attempt_write_failed(const struct attempt *attempt)
{
    if (attempt->call)
        return h2_call_write_failed(attempt->call);
    return !attempt->conn || attempt->conn->stream->write_error || attempt->conn->stream->error;
}

uint64_t attempt_bytes_sent(const struct attempt *attempt)
{
    const struct stream *stream = attempt_stream(attempt);
    const struct h2_call *call = attempt->call;

    if (call)
        return call->sent - (call->stream ? call->stream->unsent.len : 0);
    return stream ? stream->bytes_written - stream_bytes_left(stream) : 0;
}
