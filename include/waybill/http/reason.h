/* SPDX-License-Identifier: MIT */
/*
 * reason - every way an exchange or a connection can end, in one table: it is the status the client
 * gets, the metric's label and the text in the log, so the three cannot disagree.
 *
 * status 0: nothing is sent. Answers with `close` end the client's connection after them. `retry` is the seconds
 * of Retry-After, for what mends itself.
 * Thread: any; constant.
 */
#pragma once
#include "waybill/base/slice.h"

/*   name                 status close retry  body sent to the client              text for logs */
/* clang-format off */
#define HTTP_REASONS(X)                                                                             \
    X(NONE,                   0, false, "", "",                                      "still going on")   \
    X(DONE,                   0, false, "", "",                                      "answered by the server") \
    X(LOCAL,                  0, false, "", "",                                      "answered here by an internal route or a filter") \
    X(CLIENT_DONE,            0, true,  "", "",                                      "client closed an idle connection") \
    X(CLIENT_GONE,            0, true,  "", "",                                      "client went away before its answer was complete") \
    X(CLIENT_IDLE,            0, true,  "", "",                                      "no further request within the idle time") \
    X(CLIENT_STALLED,         0, true,  "", "",                                      "client took no bytes of the answer within the time allowed") \
    X(RESPONSE_CUT,           0, true,  "", "",                                      "server ended its answer early") \
    X(SERVER_STALLED,         0, true,  "", "",                                      "server sent no more of its answer within the time allowed") \
    X(CLIENT_PROTOCOL,        0, true,  "", "",                                      "client broke the rules of HTTP/2") \
    X(CLIENT_FLOODED,         0, true,  "", "",                                      "client sent too much over HTTP/2 that is of no use: resets, pings, settings, empty frames") \
    X(STREAM_REFUSED,         0, true,  "", "",                                      "stream of HTTP/2 was refused: as many requests are under way as the limit of open files allows, or half as many and its client has its share") \
    X(DRAINING,               0, true,  "", "",                                      "worker is shutting down") \
    X(BAD_PROXY_HEADER,       0, true,  "", "",                                      "PROXY header cannot be read, or did not arrive in time") \
    X(CLIENT_TLS_FAILED,      0, true,  "", "",                                      "client and entrypoint did not agree on TLS") \
    X(CLIENT_TLS_TIMEOUT,     0, true,  "", "",                                      "client did not finish the TLS handshake in time") \
    X(PLAIN_ON_TLS,         400, true,  "", "Client sent an HTTP request to an HTTPS server.\n", "request in clear on an entrypoint that has TLS") \
    X(PROXY_NOT_TRUSTED,    400, true,  "", "400 Bad Request",                       "PROXY header from a peer that is not in ProxyProtocol.TrustedIPs") \
    X(BAD_REQUEST,          400, true,  "", "400 Bad Request",                       "request is not valid HTTP") \
    X(BAD_LINE_END,         400, true,  "", "400 Bad Request: bare line end or folded line",  "bare CR or LF, or a folded line, in the head") \
    X(BAD_REQUEST_LINE,     400, true,  "", "400 Bad Request: malformed request line", "request line is malformed") \
    X(BAD_FIELD,            400, true,  "", "400 Bad Request: malformed header field", "header field is malformed") \
    X(BAD_HOST,             400, true,  "", "400 Bad Request: malformed Host header", "Host is malformed, or there is more than one") \
    X(MISSING_HOST,         400, true,  "", "400 Bad Request: missing required Host header", "HTTP/1.1 request without Host") \
    X(BAD_TARGET,           400, true,  "", "400 Bad Request: malformed request target", "request target is malformed") \
    X(BAD_FRAMING,          400, true,  "", "400 Bad Request: ambiguous message framing", "Content-Length or Transfer-Encoding is ambiguous or malformed") \
    X(BAD_BODY,             400, true,  "", "400 Bad Request: malformed chunked body", "chunked request body is malformed") \
    X(AMBIGUOUS_PATH,       400, true,  "", "400 Bad Request: ambiguous path",       "path would lead to another frontend once decoded further") \
    X(DOTS_IN_CHANGED_PATH, 400, true,  "", "400 Bad Request: dot segments in a path that the route changes", "path with dot segments on a route that changes it") \
    X(BAD_WEBSOCKET,        400, true,  "", "400 Bad Request: WebSocket handshake without a valid Sec-WebSocket-Key, or not of version 13", "WebSocket handshake is malformed") \
    X(OPEN_REDIRECT,        400, false, "", "400 Bad Request",                       "redirect would lead to whatever host the request names") \
    X(UNAUTHORIZED,         401, false, "", "401 Unauthorized\n",                    "client has not logged in") \
    X(FORBIDDEN,            403, false, "", "Forbidden",                             "client address is not in the white list") \
    X(HOST_NOT_ALLOWED,     403, false, "", "Bad Host\n",                            "host is not one of allowedHosts") \
    X(NO_FRONTEND,          404, false, "", "404 page not found\n",                  "no frontend matches") \
    X(HEAD_TIMEOUT,         408, true,  "", "408 Request Timeout",                   "request head did not arrive in time") \
    X(BODY_TIMEOUT,         408, true,  "", "408 Request Timeout",                   "request body stopped arriving") \
    X(BODY_TOO_LARGE,       413, false, "", "Request Entity Too Large",              "request body is larger than allowed") \
    X(TARGET_TOO_LONG,      414, true,  "", "414 Request-URI Too Long",              "request target is longer than allowed") \
    X(MATCH_TOO_COSTLY,     414, false, "", "414 Request-URI Too Long",              "request is too long for the regular expressions it would have to be compared with") \
    X(MISDIRECTED,          421, false, "", "421 Misdirected Request",               "host would not have been let in by the TLS handshake that was made for another name") \
    X(RATE_LIMITED,         429, false, "", "max rate reached",                      "rate limit is used up") \
    X(CONNECTION_LIMITED,   429, false, "", "max connections reached",               "as many requests as maxConn allows are under way") \
    X(HEAD_TOO_LARGE,       431, true,  "", "431 Request Header Fields Too Large",   "request head is larger than allowed, or has too many fields") \
    X(INTERNAL,             500, true,  "", "Internal Server Error",                 "internal limit reached") \
    X(ANSWER_TOO_LARGE,     500, false, "", "Internal Server Error",                 "answer of the server is larger than maxResponseBodyBytes") \
    X(AUTH_UNREACHABLE,     500, false, "", "",                                      "authentication server could not be asked") \
    X(NO_WEIGHT,            500, false, "", "Internal Server Error",                 "every server of the backend has weight 0") \
    X(UNKNOWN_METHOD,       501, true,  "", "501 Not Implemented: unknown or unsupported method", "method is not one that is forwarded") \
    X(UNKNOWN_PROTOCOL,     501, false, "", "501 Not Implemented: no such protocol here", "CONNECT over HTTP/2 for another protocol than WebSocket, or to who has no sockets") \
    X(UNKNOWN_CODING,       501, true,  "", "501 Not Implemented: unsupported transfer encoding", "transfer coding other than chunked") \
    X(BAD_VERSION,          505, true,  "", "505 HTTP Version Not Supported",        "HTTP version other than 1.0 and 1.1") \
    X(SERVER_REFUSED,       502, false, "", "Bad Gateway",                           "connection to the server failed") \
    X(SERVER_UNRESOLVED,    502, false, "", "Bad Gateway",                           "name of the server could not be resolved") \
    X(SERVER_CLOSED,        502, false, "", "Bad Gateway",                           "server closed the connection before its answer") \
    X(SERVER_MALFORMED,     502, false, "", "Bad Gateway",                           "answer of the server is not valid HTTP") \
    X(SERVER_RESET,         502, false, "", "Bad Gateway",                           "server gave the request up before its answer (HTTP/2)") \
    X(SERVER_UPGRADE,       502, false, "", "Bad Gateway",                           "server switched protocols without being asked to") \
    X(SERVER_TLS_UNTRUSTED, 502, false, "", "Bad Gateway",                           "certificate of the server is signed by nobody who is trusted") \
    X(SERVER_TLS_NAME,      502, false, "", "Bad Gateway",                           "certificate of the server is for another name") \
    X(SERVER_TLS_EXPIRED,   502, false, "", "Bad Gateway",                           "certificate of the server is not valid now") \
    X(SERVER_TLS_REFUSED,   502, false, "", "Bad Gateway",                           "server refused the TLS connection") \
    X(SERVER_TLS_BROKEN,    502, false, "", "Bad Gateway",                           "server does not speak TLS, or not as it must") \
    X(SERVER_WEBSOCKET,     502, false, "", "Bad Gateway",                           "server switched to WebSocket without having understood the handshake") \
    X(SERVER_NOT_SWITCHED,  502, false, "", "Bad Gateway",                           "server answered a WebSocket handshake with success and did not switch, which over HTTP/2 would say that it did") \
    X(ANSWER_INCOMPLETE,    502, false, "", "Bad Gateway",                           "server did not send all of an answer that was to be collected") \
    X(NO_ROOM_FOR_BODY,     503, false, "1", "Service Unavailable",                   "a body was to be collected, and there is no room left for it") \
    X(NO_SERVER,            503, false, "5", "Service Unavailable",                   "backend has no server") \
    X(NO_HEALTHY_SERVER,    503, false, "5", "Service Unavailable",                   "no server of the backend passes its health check") \
    X(BREAKER_TRIPPED,      503, false, "10", "Service Unavailable",                 "circuit breaker lets nothing pass for now") \
    X(FRONTEND_CLOSED,      503, false, "", "Service Unavailable",                   "frontend is closed: a protecting option cannot be understood") \
    X(SERVICE_NOT_RUNNING,  503, false, "5", "503 Service Unavailable: the service is not running", "service is not running") \
    X(SERVICE_STARTING,     503, false, "2", "503 Service Unavailable: the service is starting",    "service is starting") \
    X(SERVICE_UNHEALTHY,    503, false, "5", "503 Service Unavailable: the service is not healthy", "service is not healthy") \
    X(AUTH_BUSY,            503, false, "1", "Service Unavailable",                   "too many passwords wait to be checked") \
    X(API_BUSY,             503, false, "1", "Service Unavailable",                   "documents of the API that clients have not taken yet use as much memory as they may") \
    X(NOT_READY,            503, false, "1", "Service Unavailable",                   "configuration is not there yet") \
    X(LOOP,                 508, false, "", "Loop Detected",                         "request came back to this router") \
    X(DIAL_TIMEOUT,         504, false, "", "Gateway Timeout",                       "server did not accept the connection in time") \
    X(SERVER_TLS_TIMEOUT,   504, false, "", "Gateway Timeout",                       "server did not finish the TLS handshake in time") \
    X(TOTAL_TIMEOUT,        504, false, "", "Gateway Timeout",                       "time that the frontend allows for all of a request is over") \
    X(RESPONSE_TIMEOUT,     504, false, "", "Gateway Timeout",                       "server did not begin its answer in time")
/* clang-format on */

#define HTTP_REASON_ENUM(name, status, close, retry, body, text) REASON_##name,
enum reason { HTTP_REASONS(HTTP_REASON_ENUM) REASON_COUNT };
#undef HTTP_REASON_ENUM

struct reason_row {
    const char *name; /* "NO_FRONTEND" */
    unsigned status;
    bool close;
    struct slice retry_after; /* seconds, as text */
    struct slice body;
    const char *text;
};

const struct reason_row *reason_row(enum reason reason);
/* "Not Found"; for a code without a registered phrase "status code NNN". Static text. */
const char *status_phrase(unsigned status);
