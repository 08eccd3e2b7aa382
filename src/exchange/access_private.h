/* SPDX-License-Identifier: MIT */
/* The parts of the access log: rules, what is known of one exchange, and two ways to write it down. Thread: a worker. */
#pragma once
#include "access_note.h"
#include "waybill/base/text.h"
#include "waybill/exchange/access_log.h"
#include "waybill/exchange/exchange.h"

/* In the order of their names: that of the keys of a JSON line. */
#define ACCESS_FIELDS(X)                                \
    X(BACKEND_ADDR, "BackendAddr")                      \
    X(BACKEND_NAME, "BackendName")                      \
    X(BACKEND_URL, "BackendURL")                        \
    X(CLIENT_ADDR, "ClientAddr")                        \
    X(CLIENT_HOST, "ClientHost")                        \
    X(CLIENT_PORT, "ClientPort")                        \
    X(CLIENT_USERNAME, "ClientUsername")                \
    X(DOWNSTREAM_CONTENT_SIZE, "DownstreamContentSize") \
    X(DOWNSTREAM_STATUS, "DownstreamStatus")            \
    X(DOWNSTREAM_STATUS_LINE, "DownstreamStatusLine")   \
    X(DURATION, "Duration")                             \
    X(FRONTEND_NAME, "FrontendName")                    \
    X(GZIP_RATIO, "GzipRatio")                          \
    X(ORIGIN_CONTENT_SIZE, "OriginContentSize")         \
    X(ORIGIN_DURATION, "OriginDuration")                \
    X(ORIGIN_STATUS, "OriginStatus")                    \
    X(ORIGIN_STATUS_LINE, "OriginStatusLine")           \
    X(OVERHEAD, "Overhead")                             \
    X(REQUEST_ADDR, "RequestAddr")                      \
    X(REQUEST_CONTENT_SIZE, "RequestContentSize")       \
    X(REQUEST_COUNT, "RequestCount")                    \
    X(REQUEST_HOST, "RequestHost")                      \
    X(REQUEST_LINE, "RequestLine")                      \
    X(REQUEST_METHOD, "RequestMethod")                  \
    X(REQUEST_PATH, "RequestPath")                      \
    X(REQUEST_PORT, "RequestPort")                      \
    X(REQUEST_PROTOCOL, "RequestProtocol")              \
    X(RETRY_ATTEMPTS, "RetryAttempts")                  \
    X(START_LOCAL, "StartLocal")                        \
    X(START_UTC, "StartUTC")

#define ACCESS_FIELD_ENUM(id, name) ACCESS_##id,
enum access_field { ACCESS_FIELDS(ACCESS_FIELD_ENUM) ACCESS_FIELD_COUNT };
#undef ACCESS_FIELD_ENUM

enum header_mode { HEADER_KEEP, HEADER_DROP, HEADER_REDACT };

struct header_rule {
    struct slice name;
    enum header_mode mode;
};

struct status_range {
    unsigned from, to;
};

struct access_rules {
    bool json;
    uint64_t kept;           /* a bit for each field */
    enum header_mode others; /* headers that no rule names */
    const struct header_rule *headers;
    size_t header_count;
    uint8_t modes[HEADER_ID_COUNT]; /* enum header_mode of those that have an id */
    uint8_t ranks[HEADER_ID_COUNT]; /* their names in order */

    /* With any of these: only who fits one of them. */
    bool is_filtered, retried;
    const struct status_range *statuses;
    size_t status_count;
    uint64_t longer_than_ns; /* 0: not asked for */
};

const struct access_rules *access_log_rules(const struct access_log *log);
/* An empty text, with the room of one that was put aside, if there is any. What is put aside is left empty. */
struct text access_log_take_spare(struct access_log *log);
void access_log_put_aside(struct access_log *log, struct text *text);
const char *access_field_name(enum access_field field);
enum header_mode access_header_mode(const struct access_rules *rules, struct slice name);
static inline bool access_keeps(const struct access_rules *rules, enum access_field field)
{
    return (rules->kept >> field & 1) != 0;
}

/* The seconds of a time, as the formats spell them; made once a second. */
struct access_stamp {
    uint64_t second;
    char common[32];         /* 23/Nov/2026:08:01:49 +0000 */
    char utc[24];            /* 2026-11-23T08:01:49 */
    char local[24], zone[8]; /* the same here, and Z or +02:00 */
};

/* What the formats say of one exchange. */
struct access_facts {
    const struct exchange *exchange;
    const struct access_note *note;
    const struct access_rules *rules;
    const struct access_stamp *stamp; /* of the start */
    uint64_t number, now_ns;          /* monotonic */
    uint64_t duration_ns, start_wall_ns;
    struct slice client; /* as X-Forwarded-For of who is trusted has it, else the peer's address */
    struct slice peer;
    struct slice protocol; /* "HTTP/1.1" */
};

/* Was it somebody's to answer: a server's, or a filter's of which v1.7 speaks as one? */
static inline bool access_has_origin(const struct access_facts *facts)
{
    return facts->note->local || facts->exchange->server_url[0];
}
static inline unsigned access_origin_status(const struct access_facts *facts)
{
    return facts->note->origin_status ? facts->note->origin_status : facts->exchange->status;
}
static inline uint64_t access_origin_bytes(const struct access_facts *facts)
{
    return facts->note->origin_bytes ? facts->note->origin_bytes : facts->exchange->answer_bytes;
}

/* With the line end. */
void access_common_add(struct text *line, const struct access_facts *facts);
void access_json_add(struct text *line, const struct access_facts *facts);
/* `"request_Name":"value",` for the first of each name, in the order of names, as the rules want it. */
void access_headers_add(struct text *out, const struct access_rules *rules, struct slice prefix,
                        const struct headers *headers);
void access_headers_rank(uint8_t out_ranks[HEADER_ID_COUNT]);
