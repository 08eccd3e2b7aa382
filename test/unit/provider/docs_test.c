/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "docker/label_table.h"
#include "lib/docs.h"

static void test_every_label_is_in_an_example(void **state)
{
    struct text examples = TEXT_EMPTY;
    (void)state;

    docs_read_examples("yaml", &examples);
    for (size_t i = 0; i < label_row_count; i++) {
        char *written = wb_format("traefik.%s:", label_rows[i].name);
        if (!strstr(examples.ptr, written))
            fail_msg("no ```yaml example of docs/ has the label traefik.%s", label_rows[i].name);
        free(written);
    }
    text_fini(&examples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_label_is_in_an_example)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
