/* SPDX-License-Identifier: MIT */
/* `ports` and `expose`: "80", "8080:80", "127.0.0.1:8080:80/udp", "9000-9010", and mappings with `target`. */
#include "compose_private.h"

enum { PORTS_MAX = 1000 }; /* of a service: ranges are written out */

struct port_range {
    unsigned low, high;
};

static bool read_range(struct slice text, struct port_range *out_range)
{
    size_t dash = slice_find(text, '-');
    uint64_t low, high;

    if (!slice_to_u64(slice_head(text, dash), 65535, &low))
        return false;
    high = low;
    if (dash < text.len && !slice_to_u64(slice_from(text, dash + 1), 65535, &high))
        return false;
    *out_range = (struct port_range){(unsigned)low, (unsigned)high};
    return low <= high;
}

static bool is_there(const struct compose_ports *ports, const struct compose_port *port)
{
    for (size_t i = 0; i < ports->count; i++) {
        const struct compose_port *other = &ports->items[i];
        if (other->number == port->number && slice_eq(other->protocol, port->protocol) &&
            other->is_bound == port->is_bound && slice_eq(other->host_port, port->host_port) &&
            slice_eq(other->host_ip, port->host_ip))
            return true;
    }
    return false;
}

static void add_port(struct compose_reader *reader, struct compose_ports *ports, const struct compose_port *port)
{
    if (ports->count < PORTS_MAX && !is_there(ports, port) && compose_count_items(reader, 1))
        *GROW_ADD(reader->arena, ports) = *port;
}

/* A range of the host's goes to one of the same length, port by port; else any of it may be taken. */
static void add_range(struct compose_reader *reader, struct compose_ports *ports, struct compose_port port,
                      struct port_range range, struct slice host)
{
    struct port_range host_range;
    bool pairs = port.is_bound && read_range(host, &host_range) &&
                 host_range.high - host_range.low == range.high - range.low;

    for (unsigned i = 0; i <= range.high - range.low && ports->count < PORTS_MAX; i++) {
        port.number = range.low + i;
        port.host_port = pairs ? slice_of(arena_format(reader->arena, "%u", host_range.low + i)) : host;
        add_port(reader, ports, &port);
    }
}

/* Takes "/udp" off the end. */
static struct slice take_protocol(struct slice *text)
{
    size_t slash = slice_find(*text, '/');
    struct slice protocol = slice_from(*text, slash + 1);

    *text = slice_head(*text, slash);
    return protocol.len ? protocol : SLICE("tcp");
}

static void refuse_port(struct compose_reader *reader, const struct yaml_value *value, struct slice text)
{
    problems_add(reader->problems, PROBLEM_ERROR, compose_source_of(reader, value),
                 "`" SLICE_FMT "` is no port: write 8000, \"8080:8000\" or \"127.0.0.1:8080:8000\"",
                 SLICE_ARG(slice_head(text, 80)));
}

static void read_short_port(struct compose_reader *reader, const struct yaml_value *value, struct compose_ports *ports)
{
    struct slice text = compose_text(reader, value), rest = text, host = SLICE("");
    struct compose_port port = {.protocol = take_protocol(&rest), .is_bound = true, .at = compose_source_of(reader, value)};
    size_t colon = slice_find_last(rest, ':');
    struct slice inside = colon < rest.len ? slice_from(rest, colon + 1) : rest;
    struct port_range range;

    if (colon < rest.len) {
        rest = slice_head(rest, colon);
        colon = slice_find_last(rest, ':');
        host = colon < rest.len ? slice_from(rest, colon + 1) : rest;
        port.host_ip = colon < rest.len ? slice_head(rest, colon) : SLICE("");
    }
    if (read_range(inside, &range))
        add_range(reader, ports, port, range, host);
    else
        refuse_port(reader, value, text);
}

static struct slice text_at(struct compose_reader *reader, const struct yaml_value *mapping, struct slice key)
{
    const struct yaml_value *value = yaml_find(mapping, key);

    return value ? compose_text(reader, value) : SLICE("");
}

static void read_long_port(struct compose_reader *reader, const struct yaml_value *value, struct compose_ports *ports)
{
    struct slice target = text_at(reader, value, SLICE("target")), host = text_at(reader, value, SLICE("published"));
    struct slice protocol = text_at(reader, value, SLICE("protocol"));
    struct compose_port port = {.protocol = protocol.len ? protocol : SLICE("tcp"),
                                .is_bound = true,
                                .host_ip = text_at(reader, value, SLICE("host_ip")),
                                .at = compose_source_of(reader, value)};
    struct port_range range;

    if (read_range(target, &range))
        add_range(reader, ports, port, range, host);
    else
        refuse_port(reader, value, target);
}

void compose_apply_ports(struct compose_reader *reader, const struct yaml_value *value, struct compose_ports *ports)
{
    if (compose_starts_over(value))
        ports->count = 0;
    if (compose_is_reset(value))
        return;
    YAML_EACH(item, value)
    {
        if (item->kind == YAML_MAPPING)
            read_long_port(reader, item, ports);
        else
            read_short_port(reader, item, ports);
    }
}

void compose_apply_expose(struct compose_reader *reader, const struct yaml_value *value, struct compose_ports *ports)
{
    struct port_range range;

    YAML_EACH(item, value)
    {
        struct slice text = compose_text(reader, item), rest = text;
        struct compose_port port = {.protocol = take_protocol(&rest), .at = compose_source_of(reader, item)};
        if (read_range(rest, &range))
            add_range(reader, ports, port, range, SLICE(""));
        else
            refuse_port(reader, item, text);
    }
}
