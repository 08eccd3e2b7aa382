/* SPDX-License-Identifier: MIT */
/*
 * basic auth - asks for a name and a password (RFC 7617; spec/proxy.md 15).
 *
 * The password's hash is made on another thread, and the filter waits (passwords_private.h). Who is not among the users is treated
 * like one of them, and still not let in, so that time does not tell whether he is (defects A10). The deprecated list basicAuth
 * is a filter of its own before it: where both are there, both must let the request in.
 */
#include "auth_common.h"
#include "credentials.h"
#include "passwords_private.h"

static const struct slice challenge = {"Basic realm=\"" AUTH_REALM "\"", sizeof("Basic realm=\"" AUTH_REALM "\"") - 1};

/* Live: frontends do not wait for each other's hashes. */
struct basic_line {
    struct offload_line line;
    bool ready; /* control's */
};

struct basic_auth {
    struct users users;
    struct auth_effect effect;
    struct basic_line *line;
};

/* A request whose password is being checked. */
struct basic_wait {
    struct password_check *check;
    const struct user *user; /* NULL: there is none of that name */
};

static enum filter_compiled compile_users(const struct filter_source *from, const struct users_source *source,
                                          struct slice header_field, bool remove_header, const void **out_config)
{
    struct basic_auth *auth = ARENA_NEW(from->arena, struct basic_auth);

    if (!users_read(from, source, &auth->users) ||
        !auth_effect_compile(from, source->option, header_field, remove_header, &auth->effect))
        return FILTER_CLOSED;
    auth->line = auth_live(from, source->option, SLICE(""), sizeof *auth->line);
    if (!auth->line->ready)
        offload_line_init(&auth->line->line);
    auth->line->ready = true;
    *out_config = auth;
    return FILTER_MADE;
}

static enum filter_compiled compile(const struct filter_source *from, const void **out_config)
{
    const struct model_auth *model = from->frontend->auth;

    if (!model || !model->basic)
        return FILTER_ABSENT;
    const struct users_source source = {
        .option = "auth.basic", .list = model->basic->users, .file = model->basic->users_file};
    return compile_users(from, &source, model->header_field, model->basic->remove_header, out_config);
}

static enum filter_compiled compile_list(const struct filter_source *from, const void **out_config)
{
    const struct model_frontend *frontend = from->frontend;
    const struct users_source source = {.option = "basicAuth", .list = frontend->basic_auth};

    if (frontend->basic_auth.count == 0 && !frontend->basic_auth_present)
        return FILTER_ABSENT;
    return compile_users(from, &source, SLICE(""), false, out_config);
}

static enum filter_verdict judge(struct exchange *x, const struct basic_auth *auth, const struct user *user,
                                 enum password_verdict verdict)
{
    switch (verdict) {
    case PASSWORD_PENDING:
        return FILTER_WAIT;
    case PASSWORD_BUSY:
        exchange_answer(x, REASON_AUTH_BUSY);
        return FILTER_ANSWERED;
    case PASSWORD_RIGHT:
        if (user)
            return auth_let_in(x, &auth->effect, user->name) ? FILTER_PASS : FILTER_ANSWERED;
        break;
    case PASSWORD_WRONG:
        break;
    }
    auth_challenge(x, challenge);
    return FILTER_ANSWERED;
}

static enum filter_verdict begin(struct exchange *x, const struct basic_auth *auth)
{
    struct basic_credentials given;
    struct basic_wait *wait = ARENA_NEW(&x->arena, struct basic_wait);

    if (!wait) {
        exchange_answer(x, REASON_INTERNAL);
        return FILTER_ANSWERED;
    }
    if (!basic_credentials_read(auth_field(x), &given)) {
        auth_challenge(x, challenge);
        return FILTER_ANSWERED;
    }
    wait->user = users_find(&auth->users, given.name);
    const struct user *like = wait->user;
    if (!like)
        like = &auth->users.items[passwords_decoy(x->env->passwords, given.name, auth->users.count)];
    const struct password_question question = {
        .hash = &like->hash, .password = given.password, .decoy = !wait->user, .line = &auth->line->line};
    enum password_verdict verdict = password_check_begin(x, &question, &wait->check);
    explicit_bzero(given.bytes, sizeof given.bytes);
    if (verdict == PASSWORD_PENDING)
        x->filter_state = wait;
    return judge(x, auth, wait->user, verdict);
}

static enum filter_verdict request(struct exchange *x, const void *config)
{
    struct basic_wait *wait = x->filter_state;

    return wait ? judge(x, config, wait->user, password_check_end(&wait->check)) : begin(x, config);
}

static void cancel(struct exchange *x)
{
    struct basic_wait *wait = x->filter_state;

    x->filter_state = NULL;
    if (wait->check)
        password_check_cancel(&wait->check);
}

static bool owns(const void *config, struct slice name)
{
    return auth_effect_owns(&((const struct basic_auth *)config)->effect, name);
}

const struct filter_ops filter_basic_auth = {.name = "auth.basic",
                                             .compile = compile,
                                             .request = request,
                                             .cancel = cancel,
                                             .owns = owns,
                                             .answers_as = "Auth for",
                                             .answers_as_entrypoint = "Auth for entrypoint"};
const struct filter_ops filter_basic_auth_list = {.name = "basicAuth",
                                                  .compile = compile_list,
                                                  .request = request,
                                                  .cancel = cancel,
                                                  .owns = owns,
                                                  .answers_as = "Basic Auth for"};
