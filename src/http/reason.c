/* SPDX-License-Identifier: MIT */
#include "waybill/http/reason.h"
#include "waybill/base/error.h"

#define HTTP_REASON_ROW(name, status, close, retry, body, text) \
    [REASON_##name] = {#name, status, close, {retry, sizeof(retry) - 1}, {body, sizeof(body) - 1}, text},
static const struct reason_row rows[REASON_COUNT] = {HTTP_REASONS(HTTP_REASON_ROW)};

const struct reason_row *reason_row(enum reason reason)
{
    WB_REQUIRE((unsigned)reason < REASON_COUNT);
    return &rows[reason];
}

/* The phrases v1.7 sends, which are older than RFC 9110 for 413, 414 and 416. */
static const char *const registered_phrases[] = {
    [100] = "Continue",
    [101] = "Switching Protocols",
    [102] = "Processing",
    [103] = "Early Hints",
    [200] = "OK",
    [201] = "Created",
    [202] = "Accepted",
    [203] = "Non-Authoritative Information",
    [204] = "No Content",
    [205] = "Reset Content",
    [206] = "Partial Content",
    [207] = "Multi-Status",
    [208] = "Already Reported",
    [226] = "IM Used",
    [300] = "Multiple Choices",
    [301] = "Moved Permanently",
    [302] = "Found",
    [303] = "See Other",
    [304] = "Not Modified",
    [305] = "Use Proxy",
    [307] = "Temporary Redirect",
    [308] = "Permanent Redirect",
    [400] = "Bad Request",
    [401] = "Unauthorized",
    [402] = "Payment Required",
    [403] = "Forbidden",
    [404] = "Not Found",
    [405] = "Method Not Allowed",
    [406] = "Not Acceptable",
    [407] = "Proxy Authentication Required",
    [408] = "Request Timeout",
    [409] = "Conflict",
    [410] = "Gone",
    [411] = "Length Required",
    [412] = "Precondition Failed",
    [413] = "Request Entity Too Large",
    [414] = "Request URI Too Long",
    [415] = "Unsupported Media Type",
    [416] = "Requested Range Not Satisfiable",
    [417] = "Expectation Failed",
    [418] = "I'm a teapot",
    [421] = "Misdirected Request",
    [422] = "Unprocessable Entity",
    [423] = "Locked",
    [424] = "Failed Dependency",
    [425] = "Too Early",
    [426] = "Upgrade Required",
    [428] = "Precondition Required",
    [429] = "Too Many Requests",
    [431] = "Request Header Fields Too Large",
    [451] = "Unavailable For Legal Reasons",
    [499] = "Client Closed Request",
    [500] = "Internal Server Error",
    [501] = "Not Implemented",
    [502] = "Bad Gateway",
    [503] = "Service Unavailable",
    [504] = "Gateway Timeout",
    [505] = "HTTP Version Not Supported",
    [506] = "Variant Also Negotiates",
    [507] = "Insufficient Storage",
    [508] = "Loop Detected",
    [510] = "Not Extended",
    [511] = "Network Authentication Required",
};

#define ONE(h, t, u) "status code " #h #t #u
#define TEN(h, t)                                                                                                   \
    ONE(h, t, 0), ONE(h, t, 1), ONE(h, t, 2), ONE(h, t, 3), ONE(h, t, 4), ONE(h, t, 5), ONE(h, t, 6), ONE(h, t, 7), \
        ONE(h, t, 8), ONE(h, t, 9)
#define HUNDRED(h) \
    TEN(h, 0), TEN(h, 1), TEN(h, 2), TEN(h, 3), TEN(h, 4), TEN(h, 5), TEN(h, 6), TEN(h, 7), TEN(h, 8), TEN(h, 9)
static const char numbered[][sizeof "status code 100"] = {
    HUNDRED(1), HUNDRED(2), HUNDRED(3), HUNDRED(4), HUNDRED(5), HUNDRED(6), HUNDRED(7), HUNDRED(8), HUNDRED(9),
};

const char *status_phrase(unsigned status)
{
    if (status < WB_COUNT(registered_phrases) && registered_phrases[status])
        return registered_phrases[status];
    return status >= 100 && status <= 999 ? numbered[status - 100] : "status code";
}
