/* SPDX-License-Identifier: MIT */
/* trouble - what somebody has to do something about: frontends that do not work, and what is wrong with the configuration. */
import { byId, make, makeButton, replaceWhenChanged, setText } from './dom.js';
import { revealFrontend } from './frontends.js';
import { isTrouble, reasonOf, routes } from './routes.js';
import { on, store } from './store.js';

const SHOWN = 60;

const makeFrontendRow = (frontend) => make('li', '', make('span', 'tag bad', frontend.state),
    makeButton('link strong', frontend.title, () => revealFrontend(frontend.id)), make('span', 'why', reasonOf(frontend)));

const makeDiagnosticRow = (one) => make('li', '', make('span', `tag ${one.severity === 'warning' ? 'warn' : 'bad'}`, one.severity),
    make('span', 'place', one.place), make('span', 'why', one.text));

function render() {
    const frontends = routes.frontends.filter(isTrouble);
    /* What is said of a frontend above is not said twice. */
    const diagnostics = store.diagnostics.filter((one) => !frontends.some((frontend) => frontend.because && one.text.includes(frontend.because)));
    const count = frontends.length + diagnostics.length;
    byId('trouble').hidden = count === 0;
    setText('trouble-count', String(count));
    byId('trouble').classList.toggle('mild', !frontends.length && diagnostics.every((one) => one.severity === 'warning'));
    replaceWhenChanged('trouble-list', [frontends.map((one) => [one.id, one.state, one.because]), diagnostics], () =>
        [...frontends.slice(0, SHOWN).map(makeFrontendRow), ...diagnostics.slice(0, SHOWN).map(makeDiagnosticRow)]);
}

on('routes', render);
on('diagnostics', render);
