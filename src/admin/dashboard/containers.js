/* SPDX-License-Identifier: MIT */
/*
 * containers - what became of each container, and how the connection to the engine is. Fetched again only when the number in
 * the overview has changed. Everything that comes from a label goes into the page as text.
 */
'use strict';

const STALE_MS = 180000; /* the provider reads everything at least once a minute */
const CONTAINERS_SHOWN = 60;
const containers = { loaded: -1, started: 0, all: [], shown: CONTAINERS_SHOWN };

const STATE_ORDER = ['rejected', 'waiting', 'routed', 'ignored'];

function readContainers(document) {
    containers.all = document.containers.map((one) => ({ ...one, text: [
        one.name, one.id, one.service, one.state, one.code, one.reason, ...Object.entries(one.values).flat(),
        ...one.frontends.flatMap((frontend) => [frontend.name, frontend.rule]), ...one.servers.map((server) => server.url),
        ...one.problems.flatMap((problem) => [problem.label, problem.text])].join(' ').toLowerCase() }));
    containers.all.sort((a, b) => STATE_ORDER.indexOf(a.state) - STATE_ORDER.indexOf(b.state) || a.name.localeCompare(b.name, undefined, { numeric: true }));
}

function foundContainers() {
    const words = byId('container-search').value.toLowerCase().split(/\s+/).filter(Boolean), state = byId('container-state').value;
    return containers.all.filter((one) => words.every((word) => one.text.includes(word)) &&
        (!state || (state === 'problems' ? one.problems.length > 0 : one.state === state)));
}

const definition = (name, value) => [make('dt', '', name), make('dd', '', value)];

function showContainerDetails(one, element) {
    const inside = make('div', 'more-of'), list = make('dl', 'facts'), link = make('a', '', 'as JSON');
    link.href = `../api/containers/${encodeURIComponent(one.id)}`;
    inside.append(make('p', one.state === 'rejected' || one.state === 'waiting' ? 'why' : '', one.reason));
    for (const [name, value] of Object.entries(one.values)) list.append(...definition(name, value || '(none)'));
    for (const frontend of one.frontends) list.append(...definition('frontend', `${frontend.rule} (${frontend.name}, leads to ${frontend.backend})`));
    for (const server of one.servers) list.append(...definition('server', `${server.url} (of ${server.backend})`));
    for (const problem of one.problems) list.append(...definition(problem.severity, (problem.label ? `label ${problem.label}: ` : '') + problem.text));
    list.append(...definition('id', one.id), ...definition('since', new Date(one.since).toLocaleString()));
    inside.append(list, make('p', 'note', link));
    element.append(inside);
}

function showContainer(one) {
    const item = make('details', 'item'), marks = [make('span', `tag state ${one.state}`, one.state)];
    const worst = one.problems.some((problem) => problem.severity !== 'warning') ? 'bad' : 'warn';
    if (one.problems.length) marks.push(make('span', `tag ${worst}`, plural(one.problems.length, 'problem')));
    item.dataset.id = `container\n${one.id}`;
    item.append(make('summary', 'row container',
        make('div', 'name', make('i', `dot ${one.state}`), make('b', '', one.name)),
        make('div', 'marks', ...marks),
        make('div', 'code', one.code),
        make('div', 'reason', one.reason)));
    item.addEventListener('toggle', () => { if (item.open && item.children.length === 1) showContainerDetails(one, item); });
    return item;
}

function renderContainers() {
    const found = foundContainers(), all = containers.all.length;
    fill('container-list', 'container-more', found, containers.shown, showContainer);
    setText('container-count', found.length === all ? String(all) : `${found.length} of ${all}`);
    const counts = STATE_ORDER.map((state) => [containers.all.filter((one) => one.state === state).length, state]);
    setText('container-note', counts.filter(([count]) => count).map(([count, state]) => `${count} ${state}`).join(', '));
}

/* The banner of its own: the page's other one says that the router itself does not answer. */
function showEngine(provider) {
    const banner = byId('engine-banner');
    const old = provider && provider.last_sync ? Date.now() - Date.parse(provider.last_sync) : 0;
    banner.hidden = !provider || (provider.connected && !(provider.follows && old > STALE_MS));
    if (banner.hidden) return;
    if (provider.connected) setText('engine-banner', `The containers were read last at ${new Date(provider.last_sync).toLocaleTimeString()}: what is shown may be out of date.`);
    else setText('engine-banner', `No connection to the Docker engine since ${new Date(provider.since).toLocaleTimeString()}: ${provider.error}. ` +
                 'Routes stay as they were; changes of containers are not seen.');
}

async function refreshContainers(overview) {
    byId('containers').hidden = !overview.provider;
    showEngine(overview.provider);
    if (!overview.provider || (overview.inventory === containers.loaded && overview.started === containers.started)) return;
    readContainers(await get('../api/containers'));
    containers.loaded = overview.inventory;
    containers.started = overview.started;
    renderContainers();
}

function listenToContainers() {
    const again = () => { containers.shown = CONTAINERS_SHOWN; renderContainers(); };
    byId('container-search').addEventListener('input', again);
    byId('container-state').addEventListener('change', again);
    byId('container-more').addEventListener('click', () => { containers.shown = Infinity; renderContainers(); });
}
