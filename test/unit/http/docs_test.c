/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "lib/docs.h"
#include "waybill/http/reason.h"

static void test_every_reason_has_its_paragraph(void **state)
{
    struct text page = TEXT_EMPTY;
    (void)state;

    docs_read_page("troubleshooting.md", &page);
    for (int reason = REASON_NONE + 1; reason < REASON_COUNT; reason++)
        docs_expect_heading(&page, "troubleshooting.md", reason_row((enum reason)reason)->name);
    text_fini(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_reason_has_its_paragraph)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
