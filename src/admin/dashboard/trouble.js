/* SPDX-License-Identifier: MIT */
/* trouble - what somebody has to do something about: frontends that do not work, servers that are down, a wrong configuration. */
import { byId, make, makeButton, replaceWhenChanged, setText } from './dom.js';
import { revealBackend } from './backends.js';
import { revealFrontend } from './frontends.js';
import { isTrouble, reasonOf, routes } from './routes.js';
import { on, store } from './store.js';

const SHOWN = 60;

const makeFrontendRow = (frontend) => make('li', '', make('span', 'tag bad', frontend.state),
    makeButton('link strong', frontend.title, () => revealFrontend(frontend.id)), make('span', 'why', reasonOf(frontend)));

const downOf = (backend) => backend.servers.filter((server) => server.down);

/* Where all are down, its frontends say so. */
const limps = (backend) => downOf(backend).length > 0 && downOf(backend).length < backend.servers.length;

const makeBackendRow = (backend) => make('li', '', make('span', 'tag warn', 'server down'),
    makeButton('link strong', backend.title, () => revealBackend(backend.id)),
    make('span', 'why', `${downOf(backend).length} of ${backend.servers.length} servers of this backend fail their health check: ${downOf(backend).map((one) => one.url).join(', ')}`));

const makeDiagnosticRow = (one) => make('li', '', make('span', `tag ${one.severity === 'warning' ? 'warn' : 'bad'}`, one.severity),
    make('span', 'place', one.place), make('span', 'why', one.text));

function render() {
    const frontends = routes.frontends.filter(isTrouble);
    /* What is said of a frontend above is not said twice. */
    const diagnostics = store.diagnostics.filter((one) => !frontends.some((frontend) => frontend.because && one.text.includes(frontend.because)));
    const backends = [...routes.backends.values()].filter(limps), count = frontends.length + backends.length + diagnostics.length;
    byId('trouble').hidden = count === 0;
    setText('trouble-count', String(count));
    byId('trouble').classList.toggle('mild', !frontends.length && diagnostics.every((one) => one.severity === 'warning'));
    document.title = count ? `(${count}) Waybill` : 'Waybill';
    replaceWhenChanged('trouble-list', [frontends.map((one) => [one.id, one.state, one.because]), backends.map((one) => [one.id, downOf(one)]), diagnostics], () =>
        [...frontends.slice(0, SHOWN).map(makeFrontendRow), ...backends.slice(0, SHOWN).map(makeBackendRow), ...diagnostics.slice(0, SHOWN).map(makeDiagnosticRow)]);
}

on('routes', render);
on('diagnostics', render);
