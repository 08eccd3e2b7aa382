/* SPDX-License-Identifier: MIT */
/*
 * backends - each with its servers, and how its requests go right now: rate, errors and latency as pictures. Rows are made when the
 * configuration changes; the live parts of those in the list are redrawn each second.
 */
import { byId, fill, make, makeButton, makeLink, setText, show } from './dom.js';
import { milliseconds, number, percent, plural } from './format.js';
import { revealFrontend } from './frontends.js';
import { historyOf, lately } from './history.js';
import { found, isTrouble, routes } from './routes.js';
import { drawSpark, makeSpark } from './spark.js';
import { on } from './store.js';

const SHOWN = 40, DOTS_MAX = 12, NOTHING = { failed: null, p50: null, p95: null, p99: null };
const list = { shown: SHOWN, busyFirst: false, live: [] };

/* A figure beside its picture. */
function makeGauge(className, noteClass) {
    const value = make('b', '', '–'), note = make('small', noteClass || ''), spark = makeSpark(className);
    return { value, note, spark, element: make('div', 'gauge', make('span', 'reading', value, note), spark) };
}

function drawGauges({ backend, rate, errors, latency }) {
    const row = historyOf(backend.name), now = row ? lately(row) : NOTHING;
    rate.value.textContent = row ? number(row.latest.requests) : '0';
    rate.note.textContent = ' /s';
    errors.value.textContent = percent(now.failed);
    errors.value.classList.toggle('bad', now.failed > 0);
    latency.value.textContent = milliseconds(now.p50);
    latency.note.textContent = now.p50 === null ? '' : `p95 ${milliseconds(now.p95)}`;
    latency.element.title = now.p50 === null ? '' : `p50 ${milliseconds(now.p50)}, p95 ${milliseconds(now.p95)}, p99 ${milliseconds(now.p99)}`;
    drawSpark(rate.spark, row ? row.requests : []);
    drawSpark(errors.spark, row ? row.errors : []);
    drawSpark(latency.spark, row ? row.p95 : [], { second: row ? row.p50 : null });
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
        inside.append(make('table', 'server-table', make('tr', '', make('th', '', 'Server'), make('th', '', 'Weight'), make('th', '', '')),
                           ...servers.map((server) => makeServerRow(server, most))));
    else inside.append(make('p', 'why', 'No server: requests are answered 503.'));
    const users = backend.users.map((one) => makeButton(isTrouble(one) ? 'link bad' : 'link', one.title, () => revealFrontend(one.id)));
    inside.append(make('p', 'note', users.length ? 'Used by ' : 'No frontend uses it. ', ...users));
    inside.append(make('p', 'note', makeLink('as JSON', `../api/providers/${encodeURIComponent(backend.provider)}/backends/${encodeURIComponent(backend.name)}`)));
    element.append(inside);
}

function makeBackend(backend) {
    const item = make('details', 'item'), bad = !backend.servers.some((one) => !one.down);
    const live = { backend, rate: makeGauge('of-rate'), errors: makeGauge('of-errors'), latency: makeGauge('of-latency', 'below') };
    item.dataset.id = backend.id;
    item.append(make('summary', 'row backend',
        make('div', 'name', make('i', bad ? 'dot bad' : 'dot'), make('div', '', make('b', '', backend.title), ' ', make('span', 'from', backend.provider))),
        makeServers(backend), live.rate.element, live.errors.element, live.latency.element));
    item.addEventListener('toggle', () => { if (item.open && item.children.length === 1) showDetails(backend, item); });
    list.live.push(live);
    drawGauges(live);
    return item;
}

const rateOf = (backend) => { const row = historyOf(backend.name); return row ? row.requests.reduce((sum, value) => sum + value, 0) : 0; };

function render() {
    const { backends, searching } = found(), all = routes.backends.size;
    backends.sort((a, b) => (list.busyFirst ? rateOf(b) - rateOf(a) : 0) || a.title.localeCompare(b.title, undefined, { numeric: true }));
    list.live = [];
    fill('back-list', 'back-more', backends, list.shown, makeBackend);
    setText('back-count', searching ? `${backends.length} of ${all}` : String(all));
}

export function revealBackend(id) {
    const find = () => [...byId('back-list').children].find((one) => one.dataset.id === id);
    if (!find()) {
        list.shown = Infinity;
        if (!found().backends.some((one) => one.id === id)) byId('search').value = '';
        byId('search').dispatchEvent(new Event('input'));
    }
    show(find());
}

byId('back-more').addEventListener('click', () => { list.shown = Infinity; render(); });
byId('back-sort').addEventListener('click', () => {
    list.busyFirst = !list.busyFirst;
    setText('back-sort', list.busyFirst ? 'busiest first' : 'sorted by name');
    render();
});
on('routes', render);
on('figures', () => list.live.forEach(drawGauges));
byId('search').addEventListener('input', render);
