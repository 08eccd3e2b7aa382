/* SPDX-License-Identifier: MIT */
/*
 * backends - each with its servers, and how its requests go right now: rate, errors and latency as pictures. Rows are made when the
 * configuration changes; the live parts of those on the screen are redrawn each second.
 */
import { byId, fill, make, makeButton, makeLink, makeName, setText, show, SHOW_MORE, spoken } from './dom.js';
import { milliseconds, number, percent, plural } from './format.js';
import { revealFrontend } from './frontends.js';
import { historyOf, lately } from './history.js';
import { found, isTrouble, routes } from './routes.js';
import { drawSpark, makeSpark } from './spark.js';
import { on } from './store.js';

const SHOWN = 15, DOTS_MAX = 12, SORT_EVERY_S = 5, NOTHING = { failed: null, p50: null, p95: null, p99: null };
const sum = (values) => values.reduce((all, value) => all + value, 0);
const historySum = (kind) => (backend) => { const row = historyOf(backend.name); return row ? sum(row[kind]) : 0; };
const SORTS = { 'sorted by name': () => 0, 'busiest first': historySum('requests'), 'most errors first': historySum('failed') };
const list = { shown: SHOWN, sort: 'sorted by name', live: new Map(), seconds: 0 };

/* A figure beside its picture. */
function makeGauge(className, what, noteClass) {
    const value = make('b', '', '–'), note = make('small', noteClass || ''), spark = makeSpark(className);
    return { value, note, spark, element: make('div', 'gauge', make('span', 'reading', spoken(what), value, note), spark) };
}

function drawGauges({ backend, rate, errors, latency }) {
    const row = historyOf(backend.name), now = row ? lately(row) : NOTHING;
    rate.value.textContent = row ? number(row.latest.requests) : '0';
    rate.note.textContent = ' /s';
    errors.value.textContent = percent(now.failed);
    errors.value.classList.toggle('bad', now.failed > 0);
    latency.value.textContent = milliseconds(now.p50);
    latency.note.textContent = now.p50 === null ? '' : `p95 ${milliseconds(now.p95)}`;
    latency.element.title = now.p50 === null ? '' : `p50 ${milliseconds(now.p50)}, p95 ${milliseconds(now.p95)} (dashed), p99 ${milliseconds(now.p99)}`;
    drawSpark(rate.spark, row ? row.requests : []);
    drawSpark(errors.spark, row ? row.errors : []);
    drawSpark(latency.spark, row ? row.p50 : [], { second: row ? row.p95 : null });
}

function makeServers(backend) {
    const { servers } = backend, down = servers.filter((one) => one.down).length;
    const dots = servers.slice(0, DOTS_MAX).map((one) => make('i', one.down ? 'dot bad' : 'dot'));
    const words = !servers.length ? 'no server' : down ? `${down} of ${servers.length} down` : plural(servers.length, 'server');
    return make('div', 'servers', make('span', 'dots', ...dots), make('span', down || !servers.length ? 'bad' : '', words));
}

function marksOf(options) {
    const marks = [], mark = (text) => marks.push(make('span', 'tag', text));
    if (options.loadBalancer) mark(options.loadBalancer.method || 'wrr');
    if (options.loadBalancer && (options.loadBalancer.stickiness || options.loadBalancer.sticky)) mark('sticky');
    if (options.healthCheck) mark(`health check ${options.healthCheck.path || ''}`);
    if (options.circuitBreaker) mark(`circuit breaker ${options.circuitBreaker.expression || ''}`);
    if (options.maxConn) mark(`at most ${options.maxConn.amount || 0} connections`);
    if (options.buffering) mark('buffering');
    return marks;
}

function makeServerRow(server, most) {
    const meter = make('meter');
    meter.max = most;
    meter.setAttribute('aria-hidden', 'true'); /* the number stands before it */
    meter.value = server.weight;
    const row = make('tr', '', make('td', 'url', make('i', server.down ? 'dot bad' : 'dot'), server.url),
                     make('td', '', String(server.weight), meter), make('td', server.down ? 'bad' : '', server.down ? 'fails its health check' : ''));
    row.title = server.name;
    return row;
}

function showDetails(backend, element) {
    const { document: options, servers } = backend, inside = make('div', 'more-of');
    const most = Math.max(1, ...servers.map((one) => one.weight));
    inside.append(make('div', 'marks', ...marksOf(options)));
    if (servers.length)
        inside.append(make('table', 'server-table', make('tr', '', make('th', '', 'Server'), make('th', '', 'Weight'), make('th', '', spoken('Health'))),
                           ...servers.map((server) => makeServerRow(server, most))));
    else inside.append(make('p', 'why', 'No server: requests are answered 503.'));
    const users = backend.users.map((one) => makeButton(isTrouble(one) ? 'link bad' : 'link', one.title, () => revealFrontend(one.id)));
    inside.append(make('p', 'note', users.length ? 'Used by ' : 'No frontend uses it. ', ...users));
    inside.append(make('p', 'note', makeLink('as JSON', `../api/providers/${encodeURIComponent(backend.provider)}/backends/${encodeURIComponent(backend.name)}`)));
    element.append(inside);
}

/* Rows that nobody sees are not drawn; one that comes into view is, at once. */
const onScreen = new IntersectionObserver((changes) => {
    for (const { target, isIntersecting } of changes) {
        const live = list.live.get(target);
        if (!live) continue;
        live.isSeen = isIntersecting;
        if (isIntersecting) drawGauges(live);
    }
});

function makeBackend(backend) {
    const item = make('details', 'item'), bad = !backend.servers.some((one) => !one.down);
    const live = { backend, isSeen: false, rate: makeGauge('of-rate', 'requests'), errors: makeGauge('of-errors', 'errors'),
                   latency: makeGauge('of-latency', 'latency', 'below') };
    item.dataset.id = backend.id;
    item.append(make('summary', 'row backend', makeName(bad ? 'bad' : '', backend.title, backend.provider),
        makeServers(backend), live.rate.element, live.errors.element, live.latency.element));
    item.addEventListener('toggle', () => { if (item.open && item.children.length === 1) showDetails(backend, item); });
    list.live.set(item, live);
    drawGauges(live);
    return item;
}

/* Who has a server that is down comes first, whatever the order. */
function ordered(backends) {
    const value = SORTS[list.sort], rank = new Map(backends.map((one) => [one, value(one)]));
    const isWell = (one) => one.servers.length > 0 && one.servers.every((server) => !server.down);
    return backends.sort((a, b) => isWell(a) - isWell(b) || rank.get(b) - rank.get(a) ||
                                   a.title.localeCompare(b.title, undefined, { numeric: true }));
}

function render() {
    const { backends, searching } = found(), all = routes.backends.size;
    list.live.clear();
    onScreen.disconnect();
    fill('back-list', 'back-more', ordered(backends), list.shown, makeBackend);
    for (const item of list.live.keys()) onScreen.observe(item);
    byId('backends').hidden = all === 0;
    setText('back-count', searching ? `${backends.length} of ${all}` : String(all));
}

/* An order by figures is made anew now and then, but never below the hand of somebody who is at it. */
function sortAgain() {
    if (list.sort === 'sorted by name' || ++list.seconds % SORT_EVERY_S || byId('back-list').matches(':hover, :focus-within')) return;
    if (!byId('back-list').querySelector('details[open]')) render();
}

export function revealBackend(id) {
    const find = () => [...byId('back-list').children].find((one) => one.dataset.id === id);
    if (!find()) {
        if (!found().backends.some((one) => one.id === id)) byId('search').value = '';
        list.shown = Math.max(list.shown, 1 + ordered(found().backends).findIndex((one) => one.id === id));
        byId('search').dispatchEvent(new Event('input'));
    }
    show(find());
}

byId('back-more').addEventListener('click', () => { list.shown += SHOW_MORE; render(); });
byId('back-sort').addEventListener('click', () => {
    const names = Object.keys(SORTS);
    list.sort = names[(names.indexOf(list.sort) + 1) % names.length];
    setText('back-sort', list.sort);
    render();
});
on('routes', render);
on('figures', () => {
    for (const live of list.live.values()) if (live.isSeen) drawGauges(live);
    sortAgain();
});
byId('search').addEventListener('input', render);
