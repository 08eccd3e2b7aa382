/* SPDX-License-Identifier: MIT */
/* containers - what became of each container and why, and how the connection to the engine is. */
import { byId, fill, hasWords, make, makeButton, makeLink, makeName, setText, SHOW_MORE, wordsOf } from './dom.js';
import { clockTime, plural } from './format.js';
import { on, store } from './store.js';

const STALE_MS = 180000; /* the provider reads everything at least once a minute */
const SHOWN = 20, STATES = ['rejected', 'waiting', 'routed', 'ignored'];
const list = { all: [], shown: SHOWN, state: '' };

function read(document) {
    list.all = document.containers.map((one) => ({ ...one, text: [
        one.name, one.id, one.service, one.state, one.code, one.reason, ...Object.entries(one.values).flat(),
        ...one.frontends.flatMap((frontend) => [frontend.name, frontend.rule]), ...one.servers.map((server) => server.url),
        ...one.problems.flatMap((problem) => [problem.label, problem.text])].join(' ').toLowerCase() }));
    list.all.sort((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state) || a.name.localeCompare(b.name, undefined, { numeric: true }));
}

const definition = (name, value) => [make('dt', '', name), make('dd', '', value)];

function showDetails(one, element) {
    const inside = make('div', 'more-of'), facts = make('dl', 'facts');
    inside.append(make('p', one.state === 'rejected' || one.state === 'waiting' ? 'why' : '', one.reason));
    for (const problem of one.problems) facts.append(...definition(problem.severity, (problem.label ? `label ${problem.label}: ` : '') + problem.text));
    for (const frontend of one.frontends) facts.append(...definition('frontend', `${frontend.rule} (${frontend.name}, leads to ${frontend.backend})`));
    for (const server of one.servers) facts.append(...definition('server', `${server.url} (of ${server.backend})`));
    for (const [name, value] of Object.entries(one.values)) facts.append(...definition(name, value || '(none)'));
    facts.append(...definition('id', one.id), ...definition('since', new Date(one.since).toLocaleString()));
    inside.append(facts, make('p', 'note', makeLink('as JSON', `../api/containers/${encodeURIComponent(one.id)}`)));
    element.append(inside);
}

function makeContainer(one) {
    const item = make('details', 'item'), marks = [make('span', `tag state ${one.state}`, one.state)];
    const worst = one.problems.some((problem) => problem.severity !== 'warning') ? 'bad' : 'warn';
    if (one.problems.length) marks.push(make('span', `tag ${worst}`, plural(one.problems.length, 'problem')));
    item.dataset.id = `container\n${one.id}`;
    item.append(make('summary', 'row container',
        makeName(one.state, one.name),
        make('div', 'marks', ...marks), make('div', 'reason', one.reason), make('div', 'code', one.code)));
    item.addEventListener('toggle', () => { if (item.open && item.children.length === 1) showDetails(one, item); });
    return item;
}

/* A button for each state, with how many are in it. */
function showStates() {
    const buttons = STATES.map((state) => {
        const count = list.all.filter((one) => one.state === state).length;
        const button = makeButton(`chip ${state}`, `${count} ${state}`, () => { list.state = list.state === state ? '' : state; render(); byId('container-states').children[STATES.indexOf(state)].focus(); });
        button.setAttribute('aria-pressed', String(list.state === state));
        return button;
    });
    byId('container-states').replaceChildren(...buttons);
}

function render() {
    const words = wordsOf(byId('search').value), all = list.all.length;
    const fitting = list.all.filter((one) => hasWords(one.text, words) && (!list.state || one.state === list.state));
    fill('container-list', 'container-more', fitting, list.shown, makeContainer);
    setText('container-count', fitting.length === all ? String(all) : `${fitting.length} of ${all}`);
    showStates();
}

/* The banner of its own: the page's other one says that the router itself does not answer. */
function showEngine(provider) {
    const banner = byId('engine-banner');
    const old = provider && provider.last_sync ? Date.now() - Date.parse(provider.last_sync) : 0;
    banner.hidden = !provider || (provider.connected && !(provider.follows && old > STALE_MS));
    if (banner.hidden) return;
    if (provider.connected) setText('engine-banner', `The containers were read last at ${clockTime(provider.last_sync)}: what is shown may be out of date.`);
    else setText('engine-banner', `No connection to the Docker engine since ${clockTime(provider.since)}: ${provider.error}. ` +
                 'Routes stay as they were; changes of containers are not seen.');
}

on('containers', () => {
    byId('containers').hidden = !store.containers.provider;
    showEngine(store.containers.provider);
    read(store.containers);
    render();
});
on('overview', () => showEngine(store.overview.provider));
byId('search').addEventListener('input', render);
byId('container-more').addEventListener('click', () => { list.shown += SHOW_MORE; render(); });
