/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "lib/docs.h"
#include "waybill/model/inventory.h"

static void test_every_code_of_a_container_has_its_paragraph(void **state)
{
    struct text page = TEXT_EMPTY;
    (void)state;

    docs_read_page("troubleshooting.md", &page);
    for (int why = 0; why < WHY_COUNT; why++)
        docs_expect_heading(&page, "troubleshooting.md", container_why_name((enum container_why)why));
    text_fini(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_code_of_a_container_has_its_paragraph)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
