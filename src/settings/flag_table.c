/* SPDX-License-Identifier: MIT */
#include "reading.h"
#include "waybill/base/suggest.h"

/* clang-format off: tables of rows */
#define AT(field)  offsetof(struct reading, field)
#define SET(field) offsetof(struct reading, settings.field)

#define HEADING(title)                                \
    {                                                 \
        title, 0, FLAG_HEADING, FLAG_WORKS, 0, "", "" \
    }
#define WORKS(name, kind, at, shown, help)                \
    {                                                     \
        name, 0, FLAG_##kind, FLAG_WORKS, at, shown, help \
    }
#define SHORT(name, letter, kind, at, shown, help)             \
    {                                                          \
        name, letter, FLAG_##kind, FLAG_WORKS, at, shown, help \
    }
#define NO_EFFECT(name, kind, at, help)                         \
    {                                                           \
        name, 0, FLAG_##kind, FLAG_WITHOUT_EFFECT, at, "", help \
    }
#define NOT_YET(name, kind, part, instead)                              \
    {                                                                   \
        name, 0, FLAG_##kind, FLAG_NOT_YET, AT(accepted), instead, part \
    }
#define PROVIDER(name, part) NOT_YET(name, GROUP, "the " part " provider", RULES_FILE)
#define RULES_FILE           "let a program write what it knows as a rules file into a folder of --file.directory"

const struct flag flag_table[] = {
    HEADING("General"),
    SHORT("configFile", 'c', TEXT, AT(config_file), "",
          "TOML file with any of these options; else /etc/traefik/traefik.toml, $HOME/.traefik/traefik.toml or "
          "./traefik.toml if there is one"),
    SHORT("debug", 'd', SWITCH, AT(debug), "false", "log level DEBUG, unless logLevel says another"),
    SHORT("logLevel", 'l', LEVEL, SET(log_level), "ERROR", "DEBUG, INFO, WARN, ERROR, FATAL or PANIC"),
    WORKS("workers", NUMBER, SET(workers), "one per core", "threads that serve requests"),
    WORKS("maxIdleConnsPerHost", NUMBER, SET(max_idle_per_server), "200",
          "idle connections kept to each server, by each worker"),
    WORKS("rootCAs", LIST, SET(root_cas), "whom the system trusts",
          "who may have signed the certificates of https servers: PEM files, or the text itself"),
    WORKS("insecureSkipVerify", SWITCH, SET(insecure_skip_verify), "false",
          "take anybody for an https server; has no effect together with rootCAs"),
    WORKS("retry", GROUP, SET(retry_on), "on",
          "a request whose server cannot be connected to goes to another one, as long as nothing was sent"),
    WORKS("retry.attempts", INTEGER, SET(retry_attempts), "0",
          "so many attempts at most, the first one included, and never over 64; 0 = one for each server, up to 8"),
    WORKS("keepTrailingSlash", SWITCH, SET(keep_trailing_slash), "false",
          "a path with and without its last slash are two paths"),
    WORKS("allowMinWeightZero", SWITCH, SET(allow_min_weight_zero), "false",
          "weight 0 means no requests, rather than the default weight"),
    WORKS("constraints", CONSTRAINTS, AT(constraints), "",
          "all providers: only what has a tag like this, tag==GLOB or tag!=GLOB"),
    NO_EFFECT("checkNewVersion", SWITCH, AT(accepted), "nothing is ever asked of the outside"),
    NO_EFFECT("sendAnonymousUsage", SWITCH, AT(accepted), "nothing is ever sent to the outside"),
    NO_EFFECT("providersThrottleDuration", DURATION, AT(accepted_ms),
              "the first change is applied at once, a burst is gathered for milliseconds"),

    HEADING("Entrypoints"),
    WORKS("entryPoints", ENTRYPOINT, 0, "Name:http Address::80",
          "an address to listen on, with its options; repeat the flag for more"),
    WORKS("defaultEntryPoints", LIST, SET(default_entrypoints), "http", "entrypoints of the frontends that name none"),

    HEADING("Hosts that are other names of known ones"),
    WORKS("hostResolver", GROUP, AT(group_on), "", "CNAME records of the hosts that clients ask for:"),
    WORKS("hostResolver.cnameFlattening", SWITCH, SET(cname_flattening), "false",
          "a Host rule also matches the hosts whose CNAME records lead to its name"),
    WORKS("hostResolver.resolvConfig", TEXT, SET(resolv_config), "/etc/resolv.conf", "file that names the servers to ask"),
    WORKS("hostResolver.resolvDepth", NUMBER, SET(resolv_depth), "5", "records followed, one after the other, up to 32"),

    HEADING("Docker"),
    WORKS("docker", GROUP, SET(docker_on), "off", "routes from the labels of containers"),
    WORKS("docker.endpoint", TEXT, SET(docker.endpoint), "unix:///var/run/docker.sock",
          "where the engine answers: unix:///path or tcp://host:port"),
    WORKS("docker.tls", GROUP, SET(docker.tls_on), "off", "speak TLS to the engine at a tcp:// endpoint"),
    WORKS("docker.tls.ca", TEXT, SET(docker.tls.ca), "whom the system trusts",
          "who may have signed the engine's certificate: a PEM file, or the text itself, as the next two"),
    WORKS("docker.tls.cert", TEXT, SET(docker.tls.cert), "", "the router's certificate"),
    WORKS("docker.tls.key", TEXT, SET(docker.tls.key), "", "its private key"),
    WORKS("docker.tls.insecureSkipVerify", SWITCH, SET(docker.tls.insecure_skip_verify), "false",
          "take anybody for the engine; cert and key may be missing then"),
    NO_EFFECT("docker.tls.caOptional", SWITCH, AT(accepted), "the engine's certificate is verified in any case"),
    WORKS("docker.domain", TEXT, SET(docker.domain), "", "the default rule is Host:SERVICE.DOMAIN"),
    WORKS("docker.watch", SWITCH, SET(docker.watch), "true", "follow the engine's events"),
    WORKS("docker.exposedByDefault", SWITCH, SET(docker.exposed_by_default), "true",
          "route containers without traefik.enable=true, too"),
    WORKS("docker.network", TEXT, SET(docker.network), "", "network to reach containers by, unless a label names one"),
    WORKS("docker.useBindPortIP", SWITCH, SET(docker.use_bind_port_ip), "false",
          "reach containers by the port they publish on the host"),
    WORKS("docker.rememberFor", DURATION, SET(docker.remember_ms), "10m",
          "answer 503, not 404, for what a container that stopped or is not healthy served; 0 = do not"),
    WORKS("docker.strictSegments", SWITCH, SET(docker.strict_segments), "false",
          "labels of Traefik 2 and backend options below a segment make no segments; in v1.7 they do"),
    WORKS("docker.constraints", CONSTRAINTS, SET(docker.constraints), "", "as constraints, for containers"),
    WORKS("docker.swarmMode", SWITCH, SET(docker.swarm_mode), "false",
          "routes from the labels of Swarm services; the engine is to be a Swarm manager"),
    WORKS("docker.swarmModeRefreshSeconds", INTEGER, AT(swarm_refresh_s), "15",
          "time between two looks at the Swarm where no event asks for one"),
    NO_EFFECT("docker.templateVersion", NUMBER, AT(accepted_count), "there are no templates"),
    NO_EFFECT("docker.debugLogGeneratedTemplate", SWITCH, AT(accepted), "there are no templates"),
    NO_EFFECT("docker.trace", SWITCH, AT(accepted), "there are no templates"),
    NOT_YET("docker.filename", TEXT, "configuration of containers by Go templates",
            "labels say the same, or a rules file (--file)"),

    HEADING("File"),
    WORKS("file", GROUP, SET(file_on), "off", "routes from TOML; without the next two, from the file of --configFile"),
    WORKS("file.filename", TEXT, SET(file.filename), "", "one file"),
    WORKS("file.directory", TEXT, SET(file.directory), "", "every .toml and .tmpl file of a folder"),
    WORKS("file.watch", SWITCH, SET(file.watch), "true", "read again when something changes"),
    NO_EFFECT("file.constraints", CONSTRAINTS, AT(accepted_constraints), "what is in a file has no tags"),
    WORKS("file.debugLogGeneratedTemplate", SWITCH, SET(file.log_texts), "false",
          "log the files as they are written, and as their templates make them; with logLevel DEBUG"),
    NO_EFFECT("file.templateVersion", NUMBER, AT(accepted_count), "there is one version of templates"),
    NO_EFFECT("file.trace", SWITCH, AT(accepted), "it says nothing in v1.7 either"),

    HEADING("REST"),
    WORKS("rest", GROUP, SET(rest_on), "off", "routes from PUT /api/providers/rest, as JSON; kept until the router ends"),
    WORKS("rest.entryPoint", TEXT, SET(rest_entrypoint), "traefik", "where; put it behind a login"),

    HEADING("API, dashboard, ping"),
    WORKS("api", GROUP, SET(api_on), "off", "API and dashboard"),
    WORKS("api.entryPoint", TEXT, SET(api_entrypoint), "traefik", "where; `traefik` is :8080 unless defined"),
    WORKS("api.dashboard", SWITCH, SET(api_dashboard), "true", "the dashboard, too"),
    NO_EFFECT("api.debug", SWITCH, AT(accepted), "there is nothing below /debug"),
    WORKS("api.statistics", GROUP, SET(api_statistics), "off", "/health lists the latest errors"),
    WORKS("api.statistics.recentErrors", NUMBER, SET(api_recent_errors), "10", "how many"),
    WORKS("ping", GROUP, SET(ping_on), "off", "answer /ping"),
    WORKS("ping.entryPoint", TEXT, SET(ping_entrypoint), "traefik", "where"),

    WORKS("web", GROUP, AT(web.on), "off",
          "deprecated: api, ping and metrics on entrypoint `traefik`; not together with those"),
    WORKS("web.address", TEXT, AT(web.address), ":8080", "deprecated: the address of entrypoint `traefik`"),
    WORKS("web.path", TEXT, AT(web.path), "/", "deprecated: all of it is below this path"),
    NO_EFFECT("web.readOnly", SWITCH, AT(accepted), "there is nothing below it that changes something"),
    NO_EFFECT("web.debug", SWITCH, AT(accepted), "there is nothing below /debug"),
    WORKS("web.statistics", GROUP, SET(api_statistics), "off", "deprecated: api.statistics"),
    WORKS("web.statistics.recentErrors", NUMBER, SET(api_recent_errors), "10", "deprecated: api.statistics.recentErrors"),
    WORKS("web.metrics", GROUP, AT(group_on), "", "deprecated: metrics; with --web only these:"),
    WORKS("web.metrics.prometheus", GROUP, AT(web.prometheus_on), "off", "deprecated: metrics.prometheus"),
    WORKS("web.metrics.prometheus.buckets", BUCKETS, AT(web.traffic), "0.1,0.3,1.2,5",
          "deprecated: metrics.prometheus.buckets"),
    WORKS("web.metrics.prometheus.entryPoint", TEXT, AT(web.prometheus_entrypoint), "traefik",
          "deprecated: metrics.prometheus.entryPoint"),
    WORKS("web.metrics.datadog", GROUP, AT(web.datadog_on), "off", "deprecated: metrics.datadog"),
    WORKS("web.metrics.datadog.address", TEXT, SET(datadog.address), "localhost:8125",
          "deprecated: metrics.datadog.address"),
    WORKS("web.metrics.datadog.pushInterval", DURATION, SET(datadog.interval_ms), "10s",
          "deprecated: metrics.datadog.pushInterval"),
    WORKS("web.metrics.statsd", GROUP, AT(web.statsd_on), "off", "deprecated: metrics.statsd"),
    WORKS("web.metrics.statsd.address", TEXT, SET(statsd.address), "localhost:8125", "deprecated: metrics.statsd.address"),
    WORKS("web.metrics.statsd.pushInterval", DURATION, SET(statsd.interval_ms), "10s",
          "deprecated: metrics.statsd.pushInterval"),
    WORKS("web.metrics.influxdb", GROUP, AT(web.influx_on), "off", "deprecated: metrics.influxdb"),
    WORKS("web.metrics.influxdb.address", TEXT, SET(influx.address), "localhost:8089",
          "deprecated: metrics.influxdb.address"),
    WORKS("web.metrics.influxdb.protocol", TEXT, SET(influx_protocol), "udp", "deprecated: metrics.influxdb.protocol"),
    WORKS("web.metrics.influxdb.pushInterval", DURATION, SET(influx.interval_ms), "10s",
          "deprecated: metrics.influxdb.pushInterval"),
    WORKS("web.metrics.influxdb.database", TEXT, SET(influx.database), "", "deprecated: metrics.influxdb.database"),
    WORKS("web.metrics.influxdb.retentionPolicy", TEXT, SET(influx.retention_policy), "",
          "deprecated: metrics.influxdb.retentionPolicy"),
    WORKS("web.certFile", TEXT, AT(web.cert), "",
          "deprecated: the certificate of entrypoint `traefik`; with it TLS is spoken"),
    WORKS("web.keyFile", TEXT, AT(web.key), "", "deprecated: its private key"),

    HEADING("Bodies collected for traefik.backend.buffering"),
    WORKS("buffering", GROUP, AT(group_on), "", "what all requests and answers that are under way may use together:"),
    WORKS("buffering.memoryMiB", NUMBER, SET(buffering_memory_mib), "256", "memory; who finds none left gets 503"),
    WORKS("buffering.filesMiB", NUMBER, SET(buffering_files_mib), "4096",
          "files without a name, for what is longer than mem...BodyBytes (1 MiB unless set)"),
    WORKS("buffering.folder", TEXT, SET(buffering_folder), "$TMPDIR, or /tmp", "where these files are"),

    HEADING("Logs"),
    WORKS("accessLog", GROUP, SET(access_log_on), "off", "one line for each request"),
    WORKS("accessLog.filePath", TEXT, SET(access_log_path), "stdout", "file to append to"),
    WORKS("accessLog.format", TEXT, SET(access_log.format), "common", "common or json"),
    WORKS("accessLogsFile", TEXT, AT(old_access_log_path), "", "deprecated: accessLog.filePath"),
    WORKS("accessLog.bufferingSize", NUMBER, SET(access_log_lines), "0",
          "lines that may wait for a slow file, of 512 bytes each; 8 MiB of them always may, and no request waits"),
    WORKS("accessLog.filters", GROUP, AT(group_on), "", "only requests of which one of these is true:"),
    WORKS("accessLog.filters.statusCodes", LIST, SET(access_log.status_codes), "all", "status of the answer: 404,500-599"),
    WORKS("accessLog.filters.retryAttempts", SWITCH, SET(access_log.retry_attempts), "false",
          "tried at more than one server"),
    WORKS("accessLog.filters.minDuration", DURATION, SET(access_log.min_duration_ms), "0s", "took longer"),
    WORKS("accessLog.fields", GROUP, AT(group_on), "", "what is in a line:"),
    WORKS("accessLog.fields.defaultMode", TEXT, SET(access_log.fields_mode), "keep",
          "keep or drop fields that are not named"),
    WORKS("accessLog.fields.names", MODES, SET(access_log.field_names), "", "keep or drop: 'ClientUsername=drop'"),
    WORKS("accessLog.fields.headers", GROUP, AT(group_on), "", "headers, in the format json:"),
    WORKS("accessLog.fields.headers.defaultMode", TEXT, SET(access_log.headers_mode), "keep",
          "keep, drop or redact those that are not named; never keeps Authorization, Cookie and Set-Cookie"),
    WORKS("accessLog.fields.headers.names", MODES, SET(access_log.header_names), "",
          "keep, drop or redact: 'User-Agent=redact Cookie=keep'"),
    WORKS("traefikLog", GROUP, AT(group_on), "on", "the router's own log"),
    WORKS("traefikLog.filePath", TEXT, SET(log_path), "stdout", "file to append to; SIGUSR1 opens both logs' files anew"),
    WORKS("traefikLog.format", TEXT, AT(log_format), "common", "common or json"),
    WORKS("traefikLogsFile", TEXT, AT(old_log_path), "", "deprecated: traefikLog.filePath"),

    HEADING("Metrics"),
    WORKS("metrics", GROUP, AT(group_on), "", "requests, durations and servers, counted:"),
    WORKS("metrics.prometheus", GROUP, SET(prometheus_on), "off", "answer GET /metrics for Prometheus"),
    WORKS("metrics.prometheus.entryPoint", TEXT, SET(prometheus_entrypoint), "traefik", "where"),
    WORKS("metrics.prometheus.buckets", BUCKETS, SET(traffic), "0.1,0.3,1.2,5", "bounds of durations, in seconds; up to 32"),
    WORKS("metrics.statsd", GROUP, SET(statsd_on), "off", "send to StatsD, by UDP"),
    WORKS("metrics.statsd.address", TEXT, SET(statsd.address), "localhost:8125", "host:port"),
    WORKS("metrics.statsd.pushInterval", DURATION, SET(statsd.interval_ms), "10s", "time between two sendings"),
    WORKS("metrics.datadog", GROUP, SET(datadog_on), "off", "send to a Datadog agent (DogStatsD), by UDP"),
    WORKS("metrics.datadog.address", TEXT, SET(datadog.address), "localhost:8125", "host:port"),
    WORKS("metrics.datadog.pushInterval", DURATION, SET(datadog.interval_ms), "10s", "time between two sendings"),
    WORKS("metrics.influxdb", GROUP, SET(influx_on), "off", "send to InfluxDB 1"),
    WORKS("metrics.influxdb.address", TEXT, SET(influx.address), "localhost:8089", "host:port, or a URL"),
    WORKS("metrics.influxdb.protocol", TEXT, SET(influx_protocol), "udp", "udp or http"),
    WORKS("metrics.influxdb.pushInterval", DURATION, SET(influx.interval_ms), "10s", "time between two sendings"),
    WORKS("metrics.influxdb.database", TEXT, SET(influx.database), "", "by http: which; it is made if there is none"),
    WORKS("metrics.influxdb.retentionPolicy", TEXT, SET(influx.retention_policy), "", "by http: which"),

    HEADING("Tracing"),
    WORKS("tracing", GROUP, SET(tracing_on), "off",
          "spans of requests, sent to a collector; each goes on with the trace it came with"),
    WORKS("tracing.backend", TEXT, SET(tracing_backend), "the one that is set up below",
          "zipkin, or otlp: what Jaeger, Tempo, Datadog's agent and OpenTelemetry's collector take"),
    WORKS("tracing.serviceName", TEXT, SET(tracing.service_name), "traefik", "whose spans they are said to be"),
    WORKS("tracing.spanNameLimit", NUMBER, SET(tracing.name_limit), "0", "longer names are cut; 0 = no limit"),
    WORKS("tracing.sampleRate", FRACTION, SET(tracer.sample_rate), "1",
          "part of the traces begun here that is recorded: 0.1"),
    WORKS("tracing.zipkin", GROUP, SET(zipkin_on), "off", "Zipkin, by its JSON of version 2; servers are told X-B3-..."),
    WORKS("tracing.zipkin.httpEndpoint", TEXT, SET(zipkin_endpoint), "http://localhost:9411/api/v1/spans",
          "its URL; .../api/v1/spans stands for .../api/v2/spans"),
    WORKS("tracing.zipkin.sameSpan", SWITCH, SET(tracer.same_span), "false",
          "the client's span and the entrypoint's are one"),
    WORKS("tracing.zipkin.id128Bit", SWITCH, SET(tracer.wide_ids), "true", "numbers of new traces have 128 bits, else 64"),
    NO_EFFECT("tracing.zipkin.debug", SWITCH, AT(accepted), "what goes wrong with sending is logged in any case"),
    WORKS("tracing.otlp", GROUP, SET(otlp_on), "off", "OpenTelemetry, by OTLP/HTTP with JSON; servers are told traceparent"),
    WORKS("tracing.otlp.endpoint", TEXT, SET(otlp_endpoint), "http://localhost:4318/v1/traces", "its URL"),
    NOT_YET("tracing.jaeger", GROUP, "Jaeger's own protocol",
            "Jaeger takes OTLP: --tracing.otlp.endpoint=http://JAEGER:4318"),
    NOT_YET("tracing.datadog", GROUP, "Datadog's own protocol",
            "its agent takes OTLP: --tracing.otlp.endpoint=http://AGENT:4318"),

    HEADING("Timeouts (whole seconds, or as 500ms, 1m30s)"),
    WORKS("respondingTimeouts", GROUP, AT(group_on), "", "between clients and the router:"),
    WORKS("respondingTimeouts.readTimeout", DURATION, AT(read_timeout_ms), "60s",
          "for a request's head to come, and for each pause in its body; 0 = no limit, as v1.7 starts"),
    WORKS("respondingTimeouts.writeTimeout", DURATION, AT(write_timeout_ms), "0s",
          "for each pause in a response's body; 0 = no limit"),
    WORKS("respondingTimeouts.idleTimeout", DURATION, SET(idle_timeout_ms), "180s",
          "for the next request on a connection; 0 = no limit"),
    WORKS("idleTimeout", DURATION, AT(old_idle_timeout_ms), "", "deprecated: respondingTimeouts.idleTimeout"),
    WORKS("forwardingTimeouts", GROUP, AT(group_on), "", "between the router and servers:"),
    WORKS("forwardingTimeouts.dialTimeout", DURATION, SET(dial_timeout_ms), "30s", "to connect; 0 = no limit"),
    WORKS("forwardingTimeouts.responseHeaderTimeout", DURATION, SET(response_timeout_ms), "0s",
          "for the head of a response to come; 0 = no limit"),
    WORKS("healthCheck", GROUP, AT(group_on), "", "checks of servers, where a backend asks for them:"),
    WORKS("healthCheck.interval", DURATION, SET(health_interval_ms), "30s", "between two checks of a server"),
    WORKS("lifeCycle", GROUP, AT(group_on), "", "when the router is told to end:"),
    WORKS("lifeCycle.requestAcceptGraceTimeout", DURATION, SET(request_accept_grace_ms), "0s",
          "go on as before for this long, /ping excepted"),
    WORKS("lifeCycle.graceTimeOut", DURATION, SET(grace_ms), "10s", "then let requests finish for at most this long"),
    SHORT("graceTimeOut", 'g', DURATION, AT(old_grace_ms), "", "deprecated: lifeCycle.graceTimeOut"),

    HEADING("Not in this version"),
    NOT_YET("acme", GROUP, "ACME (certificates from Let's Encrypt)",
            "let certbot or lego get certificates, and name their files in a rules file's [[tls]] or the entrypoint's TLS"),
    PROVIDER("boltdb", "BoltDB"),
    NOT_YET("cluster", GROUP, "cluster mode", "start several routers with the same flags"),
    PROVIDER("consul", "Consul"),
    PROVIDER("consulCatalog", "Consul catalog"),
    PROVIDER("dynamodb", "DynamoDB"),
    PROVIDER("ecs", "ECS"),
    PROVIDER("etcd", "etcd"),
    PROVIDER("eureka", "Eureka"),
    PROVIDER("kubernetes", "Kubernetes"),
    PROVIDER("marathon", "Marathon"),
    PROVIDER("mesos", "Mesos"),
    PROVIDER("rancher", "Rancher"),
    PROVIDER("serviceFabric", "Service Fabric"),
    PROVIDER("zookeeper", "ZooKeeper"),
};

const size_t flag_table_count = WB_COUNT(flag_table);
/* clang-format on */
_Static_assert(WB_COUNT(flag_table) <= FLAG_COUNT_MAX, "struct reading has a byte for each");

static bool is_flag(const struct flag *flag)
{
    return flag->kind != FLAG_HEADING;
}

/* `name` is below `above`: "docker.tls.ca" is below "docker.tls" and "docker". */
static bool is_below(struct slice name, struct slice above)
{
    return name.len > above.len && slice_starts_nocase(name, above) && name.ptr[above.len] == '.';
}

const struct flag *flag_find(struct slice name)
{
    for (const struct flag *flag = flag_table; flag < flag_table + flag_table_count; flag++) {
        struct slice own = slice_of(flag->name);
        if (!is_flag(flag))
            continue;
        if (slice_eq_nocase(name, own))
            return flag;
        if (flag->state == FLAG_NOT_YET && flag->kind == FLAG_GROUP && is_below(name, own))
            return flag;
    }
    return NULL;
}

const struct flag *flag_find_letter(char letter)
{
    for (const struct flag *flag = flag_table; flag < flag_table + flag_table_count; flag++)
        if (letter && flag->letter == letter)
            return flag;
    return NULL;
}

const struct flag *flag_group(const struct flag *flag)
{
    struct slice name = slice_of(flag->name);
    for (size_t dot; (dot = slice_find_last(name, '.')) < name.len;) {
        name = slice_head(name, dot);
        const struct flag *group = flag_find(name);
        if (group && group->kind == FLAG_GROUP)
            return group;
    }
    return NULL;
}

bool flag_is_prefix(struct slice name)
{
    for (const struct flag *flag = flag_table; flag < flag_table + flag_table_count; flag++)
        if (is_flag(flag) && is_below(slice_of(flag->name), name))
            return true;
    return false;
}

size_t flag_position(const struct flag *flag)
{
    return (size_t)(flag - flag_table);
}

const char *flag_suggest(struct slice name)
{
    const char *names[FLAG_COUNT_MAX];
    size_t count = 0;
    for (const struct flag *flag = flag_table; flag < flag_table + flag_table_count; flag++)
        if (is_flag(flag) && flag->state == FLAG_WORKS)
            names[count++] = flag->name;
    return suggest_name(name, names, count);
}
