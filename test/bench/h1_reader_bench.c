/* SPDX-License-Identifier: MIT */
/* Nanoseconds a head costs the reader, the target views and the removal of fields. Not part of ctest:
 * h1_reader_bench [rounds] */
#include "waybill/base/clock.h"
#include "waybill/http/h1_reader.h"
#include "waybill/http/h1_writer.h"
#include "waybill/http/target.h"
#include <stdio.h>
#include <stdlib.h>

static const char wrk_head[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nConnection: keep-alive\r\n\r\n";
static const char browser_head[] =
    "GET /static/app/main.3f2a9c.js?v=20211103 HTTP/1.1\r\n"
    "Host: www.example.test\r\n"
    "Connection: keep-alive\r\n"
    "sec-ch-ua: \"Chromium\";v=\"104\", \" Not A;Brand\";v=\"99\"\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/104.0.0.0 Safari/537.36\r\n"
    "sec-ch-ua-platform: \"Linux\"\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "Sec-Fetch-Mode: no-cors\r\n"
    "Referer: https://www.example.test/start\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Accept-Language: en-US,en;q=0.9,de;q=0.8\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n\r\n";
static const char response_head[] =
    "HTTP/1.1 200 OK\r\nServer: nginx/1.23\r\nDate: Mon, 23 Nov 2026 17:00:00 GMT\r\n"
    "Content-Type: text/plain\r\nContent-Length: 612\r\nConnection: keep-alive\r\nETag: \"634fada5-267\"\r\n\r\n";

static struct request_head request;
static struct response_head response;
static size_t sink;

static void report(const char *name, uint64_t begun, size_t rounds)
{
    printf("%-34s %7.1f ns\n", name, (double)(clock_monotonic_ns() - begun) / (double)rounds);
}

static void bench_request(const char *name, struct slice head, size_t rounds)
{
    uint64_t begun = clock_monotonic_ns();
    enum reason reason;

    for (size_t i = 0; i < rounds; i++) {
        struct h1_reader reader = {0};
        size_t len;
        if (h1_read_request(&reader, head, &h1_default_limits, &request, &len, &reason) != H1_HEAD)
            abort();
        sink += len;
    }
    report(name, begun, rounds);
}

static void bench_response(struct slice head, size_t rounds)
{
    uint64_t begun = clock_monotonic_ns();
    enum reason reason;

    for (size_t i = 0; i < rounds; i++) {
        struct h1_reader reader = {0};
        size_t len;
        if (h1_read_response(&reader, head, &h1_default_limits, false, &response, &len, &reason) != H1_HEAD)
            abort();
        sink += len;
    }
    report("response head, 6 fields", begun, rounds);
}

static void bench_forwarding(size_t rounds)
{
    uint64_t begun = clock_monotonic_ns();

    for (size_t i = 0; i < rounds; i++) {
        headers_remove_forwarding(&request.headers);
        headers_remove_hop_by_hop(&request.headers, false);
        request.headers.items[1].gone = false;
    }
    report("remove forwarding and hop-by-hop", begun, rounds);
    begun = clock_monotonic_ns();
    for (size_t i = 0; i < rounds; i++) {
        struct target target;
        if (target_parse(NULL, request.target, &target) != REASON_NONE)
            abort();
        sink += target.query.len;
    }
    report("target_parse, plain", begun, rounds);
    begun = clock_monotonic_ns();
    for (size_t i = 0; i < rounds; i++) {
        char bytes[2048];
        struct head_out out;
        head_out_init(&out, bytes, sizeof bytes);
        head_out_request_line(&out, request.method, request.target);
        head_out_fields(&out, &request.headers);
        head_out_end(&out);
        sink += out.len;
    }
    report("write the head, 11 fields", begun, rounds);
}

int main(int argc, char **argv)
{
    size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;

    bench_request("request head, wrk", slice_of(wrk_head), rounds);
    bench_request("request head, browser, 12 fields", slice_of(browser_head), rounds);
    bench_forwarding(rounds);
    bench_response(slice_of(response_head), rounds);
    return sink == 0;
}
