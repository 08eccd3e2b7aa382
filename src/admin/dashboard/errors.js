/* SPDX-License-Identifier: MIT */
/*
 * errors - the latest requests that went wrong and why, what is asked for and not served, and how many requests ended otherwise.
 * Hosts and paths come from strangers.
 */
import { byId, hasWords, make, makeButton, replaceWhenChanged, setText, wordsOf } from './dom.js';
import { askExplain } from './explain.js';
import { clockTime, milliseconds, number } from './format.js';
import { on, store } from './store.js';

const SHOWN = 12, UNSERVED_SHOWN = 20, KINDS = { '': () => true, '5xx': (one) => one.status >= 500, '4xx': (one) => one.status < 500 };
let kind = '';

const urlOf = (one) => `http://${one.host}${one.path}`;

/* Those that differ in nothing but the time are one row, which has the latest. */
function gathered(errors) {
    const rows = new Map();
    for (const one of errors) {
        const key = JSON.stringify([one.status, one.reason, one.method, one.host, one.path, one.server]), row = rows.get(key);
        if (row) row.count++;
        else rows.set(key, { ...one, count: 1 });
    }
    return [...rows.values()];
}

function makeError(one) {
    const where = one.host ? makeButton('link', `${one.host}${one.path}`, () => askExplain(urlOf(one), one.method)) : make('span', '', one.path || '(none)');
    where.title = 'Explain this request';
    return make('tr', '', make('td', 'when', clockTime(one.time)), make('td', 'much', make('span', one.status >= 500 ? 'tag bad' : 'tag warn', String(one.status)), one.count > 1 ? ` × ${one.count}` : ''),
                make('td', 'what', make('span', 'method', one.method), ' ', where), make('td', 'reason', one.reason),
                make('td', 'path', one.server ? `${one.frontend} → ${one.server}` : one.frontend), make('td', 'num', milliseconds(one.seconds * 1000)));
}

function showErrors() {
    const words = wordsOf(byId('search').value);
    const fitting = store.errors.filter((one) => KINDS[kind](one) && hasWords(Object.values(one).join(' ').toLowerCase(), words));
    const rows = gathered(fitting).slice(0, SHOWN);
    byId('errors').hidden = store.errors.length === 0;
    setText('error-count', fitting.length < store.errors.length ? `${fitting.length} of ${store.errors.length}` : String(fitting.length));
    replaceWhenChanged('error-list', rows, () => rows.map(makeError));
}

function showKinds() {
    byId('error-kinds').replaceChildren(...Object.keys(KINDS).map((one) => {
        const button = makeButton('chip', one || 'all', () => { kind = one; showKinds(); showErrors(); });
        button.setAttribute('aria-pressed', String(kind === one));
        return button;
    }));
}

function makeHost(one) {
    const button = makeButton('link', one.host || '(no host)', () => askExplain(urlOf(one), 'GET'));
    button.title = 'Explain this request';
    button.disabled = !one.host;
    const count = one.at_least < one.count ? `${number(one.at_least)}–${number(one.count)}` : number(one.count);
    return make('tr', '', make('td', 'num', count), make('td', 'what', button), make('td', 'path', one.path),
                make('td', 'near', one.nearest || ''), make('td', 'when', clockTime(one.last)));
}

function showUnserved() {
    const rows = store.unserved.hosts.slice(0, UNSERVED_SHOWN);
    byId('unserved').hidden = rows.length === 0;
    setText('unserved-count', number(store.unserved.total));
    replaceWhenChanged('unserved-list', rows, () => rows.map(makeHost));
}

function showEnds() {
    const ends = Object.entries(store.overview.ended).sort((a, b) => b[1] - a[1]);
    byId('ends').hidden = ends.length === 0;
    replaceWhenChanged('ends-list', ends, () => ends.map(([text, count]) => make('li', '', make('b', '', number(count)), make('span', '', text))));
}

on('errors', showErrors);
on('unserved', showUnserved);
on('overview', showEnds);
byId('search').addEventListener('input', showErrors);
showKinds();
