/* SPDX-License-Identifier: MIT */
#include "waybill/model/schema.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static void expect_suggestion(const struct group *group, const char *key, const char *expected)
{
    const char *suggestion = group_suggest(group, slice_of(key));

    if (!expected)
        assert_null(suggestion);
    else if (!suggestion)
        fail_msg("nothing suggested for %s", key);
    else
        assert_string_equal(suggestion, expected);
}

static void test_keys_are_found_ignoring_case(void **state)
{
    (void)state;
    assert_string_equal(group_field(&schema_frontend, SLICE("PASSHOSTHEADER"))->key, "passHostHeader");
    assert_string_equal(group_field(&schema_backend, SLICE("responseforwarding"))->shown, "forwardingResponse");
    assert_null(group_field(&schema_backend, SLICE("forwardingResponse")));
    assert_null(group_field(&schema_frontend, SLICE("closed_because")));
    assert_null(group_field(&schema_frontend, SLICE("")));
}

static void test_a_misspelt_key_suggests_the_nearest(void **state)
{
    (void)state;
    expect_suggestion(&schema_frontend, "passHostHeaders", "passHostHeader");
    expect_suggestion(&schema_frontend, "entrypoint", "entryPoints");
    expect_suggestion(&schema_frontend, "white_list", "whiteList");
    expect_suggestion(&schema_frontend, "header", "headers");
    expect_suggestion(&schema_backend, "load-balancer", "loadBalancer");
    expect_suggestion(&schema_backend, "forwardingResponse", "responseForwarding");
    expect_suggestion(&schema_backend, "", NULL);
    expect_suggestion(&schema_backend, "colour", NULL);
    expect_suggestion(&schema_backend, "an endless key that nobody would ever write in a file of rules", NULL);
}

static void test_every_row_has_a_name_or_is_hidden_and_no_group_names_one_twice(void **state)
{
    const struct group *groups[] = {&schema_fragment, &schema_backend, &schema_server, &schema_frontend, &schema_route};

    (void)state;
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
        for (size_t i = 0; i < groups[g]->field_count; i++) {
            const struct field *field = &groups[g]->fields[i];

            assert_true(field->key || !field->shown);
            assert_true(field->offset < groups[g]->size);
            assert_int_equal(field->group != NULL, field->type == FIELD_GROUP || field->type == FIELD_NAMED);
            if (field->key)
                assert_ptr_equal(group_field(groups[g], slice_of(field->key)), field);
        }
    }
}

static void test_groups_that_protect_are_known(void **state)
{
    (void)state;
    assert_true(group_protects(group_field(&schema_frontend, SLICE("headers"))->group));
    assert_true(group_protects(group_field(&schema_backend, SLICE("buffering"))->group));
    assert_false(group_protects(group_field(&schema_backend, SLICE("healthCheck"))->group));
    assert_false(group_protects(&schema_server));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_are_found_ignoring_case),
        cmocka_unit_test(test_a_misspelt_key_suggests_the_nearest),
        cmocka_unit_test(test_every_row_has_a_name_or_is_hidden_and_no_group_names_one_twice),
        cmocka_unit_test(test_groups_that_protect_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
