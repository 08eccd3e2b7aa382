/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "access_private.h"
#include "lib/docs.h"

#define FIELD_NAME(id, name) name,
static const char *const field_names[] = {ACCESS_FIELDS(FIELD_NAME)};
#undef FIELD_NAME

static void test_every_field_of_the_access_log_is_explained(void **state)
{
    struct text page = TEXT_EMPTY;
    (void)state;

    docs_read_page("operating.md", &page);
    for (size_t i = 0; i < WB_COUNT(field_names); i++) {
        char *quoted = wb_format("`%s`", field_names[i]);
        if (!strstr(page.ptr, quoted))
            fail_msg("docs/operating.md does not say what %s is", quoted);
        free(quoted);
    }
    text_fini(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_field_of_the_access_log_is_explained)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
