/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "flag.h"
#include "lib/docs.h"

/* Groups are named by their members. */
static void test_every_flag_is_in_an_example(void **state)
{
    struct text examples = TEXT_EMPTY;
    (void)state;

    docs_read_examples("flags", &examples);
    for (size_t i = 0; i < flag_table_count; i++) {
        const struct flag *flag = &flag_table[i];
        char *form = wb_format("--%s", flag->name);
        bool found = false;
        if (flag->kind == FLAG_HEADING || flag->state == FLAG_NOT_YET) {
            free(form);
            continue;
        }
        for (const char *at = examples.ptr; !found && (at = strstr(at, form)); at++)
            found = at[strlen(form)] == '=' || at[strlen(form)] == '\n' || at[strlen(form)] == ' ' ||
                    (flag->kind == FLAG_GROUP && at[strlen(form)] == '.');
        if (!found)
            fail_msg("no ```flags example of docs/ has --%s", flag->name);
        free(form);
    }
    text_fini(&examples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_flag_is_in_an_example)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
