/* SPDX-License-Identifier: MIT */
#include "library.h"
#include "waybill/base/error.h"
#include <curl/curl.h>
#include <pthread.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void start(void)
{
    WB_REQUIRE(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}

void library_start(void)
{
    pthread_once(&once, start);
}
