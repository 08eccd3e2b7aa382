/* SPDX-License-Identifier: MIT */
#include "waybill/callout/post.h"
#include "library.h"
#include <curl/curl.h>
#include <stdlib.h>

enum { POST_CONNECT_TIMEOUT_MS = 5000 };

static size_t on_answer(char *bytes, size_t size, size_t count, void *arg)
{
    struct callout_post *post = arg;

    text_add(&post->answer, slice_head(slice_make(bytes, size * count), POST_ANSWER_MAX - post->answer.len));
    return size * count;
}

static int on_progress(void *arg, curl_off_t down_all, curl_off_t down, curl_off_t up_all, curl_off_t up)
{
    const struct callout_post *post = arg;

    (void)down_all, (void)down, (void)up_all, (void)up;
    return post->stopped && atomic_load(post->stopped);
}

static void set_options(CURL *easy, struct callout_post *post, const char *url, struct curl_slist *fields, char *detail)
{
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, post->body.ptr);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)post->body.len);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, fields);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)post->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)POST_CONNECT_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, detail);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, post);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, post);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
}

static void perform(CURL *easy, struct callout_post *post, const char *detail)
{
    CURLcode code = curl_easy_perform(easy);
    long status = 0;

    if (code == CURLE_OK)
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    else
        text_addf(&post->error, "%s", detail[0] ? detail : curl_easy_strerror(code));
    post->status = (unsigned)status;
}

void callout_post(struct callout_post *post)
{
    char detail[CURL_ERROR_SIZE] = "", *url = slice_dup(post->url);
    struct text type = TEXT_EMPTY;
    struct curl_slist *fields;
    CURL *easy;

    library_start();
    easy = curl_easy_init();
    text_addf(&type, "Content-Type: " SLICE_FMT, SLICE_ARG(post->content_type));
    fields = curl_slist_append(NULL, type.ptr);
    WB_REQUIRE(easy && fields);
    set_options(easy, post, url, fields, detail);
    perform(easy, post, detail);
    curl_easy_cleanup(easy);
    curl_slist_free_all(fields);
    text_fini(&type);
    free(url);
}

void callout_post_fini(struct callout_post *post)
{
    text_fini(&post->answer);
    text_fini(&post->error);
}

void callout_add_query(struct text *out, struct slice value)
{
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i], lower = ascii_lower(c);
        if ((lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || strchr("-._~", c ? c : '?'))
            text_add_char(out, c);
        else
            text_addf(out, "%%%02X", (unsigned char)c);
    }
}
