/* SPDX-License-Identifier: MIT */
/*
 * trouble - what somebody has to do something about: frontends that do not work, backends whose requests fail, servers that are down, a
 * wrong configuration.
 */
import { byId, make, makeButton, replaceWhenChanged, setText } from './dom.js';
import { revealBackend } from './backends.js';
import { revealFrontend } from './frontends.js';
import { historyOf } from './history.js';
import { isTrouble, reasonOf, routes } from './routes.js';
import { on, store } from './store.js';

const SHOWN = 8, KEPT = 60, FAILED_MIN = 10, FAILED_PART = 0.1;
const list = { isWhole: false, failing: new Map() };

const makeFrontendRow = (frontend) => make('li', '', make('span', 'tag bad', frontend.state),
    makeButton('link strong', frontend.title, () => revealFrontend(frontend.id)), make('span', 'why', reasonOf(frontend)));

const downOf = (backend) => backend.servers.filter((server) => server.down);

/* Where all are down, its frontends say so. */
const limps = (backend) => downOf(backend).length > 0 && downOf(backend).length < backend.servers.length;

const makeBackendRow = (backend) => make('li', '', make('span', 'tag warn', 'server down'),
    makeButton('link strong', backend.title, () => revealBackend(backend.id)),
    make('span', 'why', `${downOf(backend).length} of ${backend.servers.length} servers of this backend fail their health check: ${downOf(backend).map((one) => one.url).join(', ')}`));

const sum = (values) => values.reduce((all, value) => all + value, 0);

/* The part of its requests of the last two minutes that failed; 0 for a few, and where its frontends are why, as is said of them. */
function failedPart(backend) {
    const row = historyOf(backend.name), failed = row ? sum(row.failed) : 0;
    if (failed < FAILED_MIN || (backend.users.length && backend.users.every(isTrouble))) return 0;
    return failed / sum(row.counted);
}

/* Who has begun to fail is no longer so at half of that: else a row that comes and goes would move the page. */
function followFailing() {
    const was = list.failing;
    list.failing = new Map();
    for (const backend of routes.backends.values()) {
        const part = failedPart(backend);
        if (part > (was.has(backend.id) ? FAILED_PART / 2 : FAILED_PART)) list.failing.set(backend.id, part > 0.5 ? 'Most' : 'Many');
    }
    return JSON.stringify([...was]) !== JSON.stringify([...list.failing]);
}

/* In words that stay as they are for a while; the figures are in the list of backends. */
const makeFailingRow = ([id, many]) => make('li', '', make('span', 'tag bad', 'failing'),
    makeButton('link strong', routes.backends.get(id).title, () => revealBackend(id)),
    make('span', 'why', `${many} of its requests of the last two minutes were answered 5xx: Recent errors says why`));

const makeDiagnosticRow = (one) => make('li', '', make('span', `tag ${one.severity === 'warning' ? 'warn' : 'bad'}`, one.severity),
    make('span', 'place', one.place), make('span', 'why', one.text));

function render() {
    const frontends = routes.frontends.filter(isTrouble);
    /* What is said of a frontend above is not said twice. */
    const diagnostics = store.diagnostics.filter((one) => !frontends.some((frontend) => frontend.because && one.text.includes(frontend.because)));
    const failing = [...list.failing], backends = [...routes.backends.values()].filter(limps);
    const count = failing.length + backends.length + frontends.length + diagnostics.length; /* what goes wrong just now is first */
    byId('trouble').hidden = count === 0;
    setText('trouble-count', String(count));
    byId('trouble-more').hidden = count <= SHOWN;
    const kept = sum([failing, backends, frontends, diagnostics].map((rows) => Math.min(rows.length, KEPT)));
    setText('trouble-more', list.isWhole ? 'Show fewer' : kept < count ? `Show ${kept} of ${count}` : `Show all ${count}`);
    byId('trouble').classList.toggle('mild', !frontends.length && !failing.length && diagnostics.every((one) => one.severity === 'warning'));
    document.title = count ? `(${count}) Waybill` : 'Waybill';
    replaceWhenChanged('trouble-list', [list.isWhole, failing, frontends.map((one) => [one.id, one.state, one.because]), backends.map((one) => [one.id, downOf(one)]), diagnostics], () =>
        [...failing.slice(0, KEPT).map(makeFailingRow), ...backends.slice(0, KEPT).map(makeBackendRow), ...frontends.slice(0, KEPT).map(makeFrontendRow),
         ...diagnostics.slice(0, KEPT).map(makeDiagnosticRow)].slice(0, list.isWhole ? undefined : SHOWN));
}

byId('trouble-more').addEventListener('click', () => { list.isWhole = !list.isWhole; render(); });

on('routes', () => { followFailing(); render(); });
on('diagnostics', render);
on('figures', () => { if (followFailing()) render(); });
