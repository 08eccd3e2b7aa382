/* SPDX-License-Identifier: MIT */
/*
 * history - the figures of the last two minutes, of all requests and of each backend. A second in which a backend had none counts as
 * zero requests, and as no latency at all.
 */
import { on } from './store.js';
import { SPARK_POINTS } from './spark.js';

const KINDS = ['requests', 'errors', 'p50', 'p95', 'p99', 'counted', 'failed'];
const QUIET = { requests: 0, errors: 0, active: 0, p50: null, p95: null, p99: null };

const empty = () => Object.fromEntries([...KINDS.map((kind) => [kind, []]), ['latest', QUIET]]);

export const history = { all: empty(), backends: new Map() };

/* Rates are of a second that may have been a long one: `counted` and `failed` are the requests themselves. */
function add(row, figures, seconds) {
    const counts = { counted: Math.round(figures.requests * seconds), failed: Math.round(figures.errors * seconds) };
    for (const kind of KINDS) {
        row[kind].push(kind in counts ? counts[kind] : figures[kind]);
        if (row[kind].length > SPARK_POINTS) row[kind].shift();
    }
    row.latest = figures;
}

const isOver = (row) => row.requests.every((value) => value === 0) && row.latest.active === 0;

on('figures', (figures) => {
    const busy = new Map(figures.backends.map((one) => [one.name, one]));
    add(history.all, figures, figures.seconds);
    for (const name of busy.keys()) if (!history.backends.has(name)) history.backends.set(name, empty());
    for (const [name, row] of history.backends) {
        add(row, busy.get(name) || QUIET, figures.seconds);
        if (isOver(row)) history.backends.delete(name);
    }
});

on('begin', () => { history.all = empty(); history.backends.clear(); });

const LATELY = 10;

/* Of the last ten seconds: which part of the requests failed (null: there were none), and the latest latencies. */
export function lately(row) {
    const sum = (values) => values.slice(-LATELY).reduce((all, value) => all + value, 0), counted = sum(row.counted);
    const latest = (values) => values.slice(-LATELY).findLast((value) => value !== null) ?? null;
    return { failed: counted ? sum(row.failed) / counted : null, p50: latest(row.p50), p95: latest(row.p95), p99: latest(row.p99) };
}

export const historyOf = (backend) => history.backends.get(backend) || null;
