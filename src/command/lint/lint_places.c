/* SPDX-License-Identifier: MIT */
/*
 * From the places that provider and compiler name ("container web, label traefik.port") to files and lines. The compiler
 * knows a frontend and whose it is, not the label: then the label is the one whose option its text names.
 */
#include "lint.h"

const struct compose_labels *lint_labels(const struct lint *lint, const struct compose_service *service)
{
    return lint->settings.docker.swarm_mode ? &service->deploy_labels : &service->labels;
}

const struct compose_service *lint_service(const struct lint *lint, struct slice name)
{
    return map_get(&lint->services, name);
}

const struct compose_label *lint_label(const struct lint *lint, const struct compose_service *service, struct slice name)
{
    const struct compose_labels *labels = lint_labels(lint, service);

    for (size_t i = 0; i < labels->count; i++) {
        if (slice_eq(labels->items[i].name, name))
            return &labels->items[i];
    }
    return NULL;
}

/* Names of containers have no blanks and commas. */
bool lint_split_place(struct slice place, struct slice *out_name, struct slice *out_label)
{
    static const struct slice front = {"container ", 10}, middle = {", label ", 8};

    if (!slice_starts(place, front))
        return false;
    place = slice_from(place, front.len);
    *out_label = SLICE("");
    for (size_t at = 0; at < place.len; at++) {
        if (slice_starts(slice_from(place, at), middle)) {
            *out_label = slice_from(place, at + middle.len);
            place = slice_head(place, at);
            break;
        }
    }
    *out_name = place;
    return true;
}

struct source lint_container_source(const struct lint *lint, struct slice name)
{
    const struct compose_service *service = lint_service(lint, name);

    if (service)
        return service->at;
    return (struct source){.file = slice_of(arena_format(lint->problems.arena, "container " SLICE_FMT, SLICE_ARG(name)))};
}

bool lint_is_shown(const struct lint *lint, const struct inventory_item *item)
{
    return !lint->options->container || slice_eq(item->id, lint->shown_id);
}

/* -- labels -- */

static bool contains_nocase(struct slice text, struct slice part)
{
    for (size_t at = 0; at + part.len <= text.len; at++) {
        if (slice_starts_nocase(slice_from(text, at), part))
            return true;
    }
    return false;
}

/* What is behind `traefik.`, a segment, and `frontend.` or `backend.`. */
static struct slice option_of(struct slice label)
{
    static const char *const fronts[] = {"frontend.", "backend."};

    for (size_t i = 0; i < WB_COUNT(fronts); i++) {
        for (size_t at = 0; at < label.len; at++) {
            if (slice_starts(slice_from(label, at), slice_of(fronts[i])))
                return slice_from(label, at + strlen(fronts[i]));
        }
    }
    return slice_from(label, sizeof "traefik." - 1);
}

/* As much of an option's name as the text has, by whole parts: "auth.basic" of auth.basic.users. A plural in the name may be
 * one in the text. */
static size_t named_length(struct slice text, struct slice option)
{
    enum { SHORTEST = 5 }; /* "auth" alone is in too many words */

    if (slice_ends(option, SLICE("s")))
        option = slice_head(option, option.len - 1);

    while (option.len >= SHORTEST && !contains_nocase(text, option))
        option = slice_head(option, slice_find_last(option, '.') < option.len ? slice_find_last(option, '.') : 0);
    return option.len >= SHORTEST ? option.len : 0;
}

/* The compiler speaks of a server's URL: that is made of the port. */
static const struct compose_label *port_label(const struct lint *lint, const struct compose_service *service)
{
    const struct compose_labels *labels = lint_labels(lint, service);

    for (size_t i = 0; i < labels->count; i++) {
        if (slice_starts(labels->items[i].name, SLICE("traefik.")) && slice_ends(labels->items[i].name, SLICE(".port")))
            return &labels->items[i];
    }
    return NULL;
}

static const struct compose_label *label_named_by(const struct lint *lint, const struct compose_service *service,
                                                  struct slice text)
{
    const struct compose_labels *labels = lint_labels(lint, service);
    const struct compose_label *best = NULL;
    size_t best_length = 0;

    for (size_t i = 0; i < labels->count; i++) {
        const struct compose_label *label = &labels->items[i];
        size_t length = slice_starts(label->name, SLICE("traefik.")) ? named_length(text, option_of(label->name)) : 0;
        if (length > best_length) {
            best = label;
            best_length = length;
        }
    }
    return best;
}

/* The label that says this rule; NULL: it is made of names. */
static const struct compose_label *rule_label(const struct lint *lint, const struct compose_service *service,
                                              struct slice rule)
{
    const struct compose_labels *labels = lint_labels(lint, service);
    const struct compose_label *some = NULL;

    for (size_t i = 0; i < labels->count; i++) {
        const struct compose_label *label = &labels->items[i];
        if (!slice_starts(label->name, SLICE("traefik.")) || !slice_ends(label->name, SLICE("frontend.rule")))
            continue;
        if (slice_eq(label->value, rule))
            return label;
        some = label; /* its escapes make the rule another text */
    }
    return some;
}

struct source lint_rule_source(const struct lint *lint, const struct model_frontend *frontend)
{
    struct slice name, label;

    if (!lint_split_place(frontend->origin, &name, &label))
        return (struct source){.file = frontend->origin};
    const struct compose_service *service = lint_service(lint, name);
    const struct compose_label *rule = service ? rule_label(lint, service, frontend->routes[0].rule) : NULL;
    return rule ? rule->at : lint_container_source(lint, name);
}

/* -- diagnostics -- */

/* The frontend that a text of the compiler begins with. */
static const struct model_frontend *frontend_named_by(const struct lint *lint, struct slice text)
{
    static const struct slice front = {"frontend ", 9};

    if (!slice_starts(text, front))
        return NULL;
    text = slice_from(text, front.len);
    return fragment_frontend(lint->output.fragment, slice_head(text, slice_find(text, ' ')));
}

static struct source source_in_file(const struct lint *lint, const struct compose_service *service, struct slice label_name,
                                    struct slice text)
{
    const struct compose_label *label = label_name.len ? lint_label(lint, service, label_name) : NULL;
    const struct model_frontend *frontend = frontend_named_by(lint, text);

    if (!label && label_name.len)
        label = label_named_by(lint, service, label_name);
    if (!label && frontend && contains_nocase(text, SLICE(" is left out: ")) && frontend->entrypoints.count)
        return lint_rule_source(lint, frontend);
    if (!label)
        label = label_named_by(lint, service, text);
    if (!label && contains_nocase(text, SLICE("its URL")))
        label = port_label(lint, service);
    return label ? label->at : service->at;
}

/* With --container, what is said of that one, and of frontends it is behind. */
static bool is_about_shown(const struct lint *lint, struct slice name, struct slice text)
{
    const struct model_frontend *frontend = frontend_named_by(lint, text);

    if (!lint->options->container || (frontend && lint_frontend_is_shown(lint, frontend->name)))
        return true;
    const struct inventory_item *item = map_get(&lint->items, name);
    return item && lint_is_shown(lint, item);
}

/* lint_check has said why it waits. */
static bool is_said_of_state(const struct lint *lint, struct slice name, struct slice text)
{
    const struct inventory_item *item = map_get(&lint->items, name);

    return item && container_why_state(item->why) == CONTAINER_WAITING && slice_eq(item->sentence, text);
}

static void place(struct lint *lint, const struct diagnostic *said)
{
    struct slice text = slice_of(said->text), name = SLICE(""), label = SLICE("");
    struct source at = {.file = slice_of(said->place)};
    enum problem_level level = said->severity == DIAGNOSTIC_WARNING ? PROBLEM_WARNING : PROBLEM_ERROR;
    bool split = lint_split_place(at.file, &name, &label);
    const struct compose_service *service = split ? lint_service(lint, name) : NULL;

    if (split && (!is_about_shown(lint, name, text) || is_said_of_state(lint, name, text)))
        return;
    if (service)
        at = source_in_file(lint, service, label, text);
    problems_add(&lint->problems, level, at, SLICE_FMT "%s%s%s", SLICE_ARG(service ? label : SLICE("")),
                 service && label.len ? ": " : "", said->text,
                 said->severity == DIAGNOSTIC_CLOSED && !contains_nocase(text, SLICE("answers 503"))
                     ? "; until then it answers 503"
                     : "");
}

/* The compiler repeats of a closed frontend what the provider said of its label. */
static bool is_repetition(const struct lint *lint, const struct diagnostic *said)
{
    struct slice text = slice_of(said->text);
    const struct model_frontend *frontend = frontend_named_by(lint, text);

    return frontend && frontend->closed_because.len && slice_ends(text, frontend->closed_because);
}

void lint_place_diagnostics(struct lint *lint)
{
    for (size_t i = 0; i < lint->output.diagnostics->count; i++)
        place(lint, &lint->output.diagnostics->items[i]);
    for (size_t i = 0; i < lint->compiled.count; i++) {
        if (!is_repetition(lint, &lint->compiled.items[i]))
            place(lint, &lint->compiled.items[i]);
    }
}
