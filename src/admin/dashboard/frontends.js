/* SPDX-License-Identifier: MIT */
/* frontends - the list of them, sorted by what one likes; each opens to what was asked for. */
import { byId, fill, make, makeLink, makeName, setText, show, SHOW_MORE, spoken } from './dom.js';
import { found, isTrouble, reasonOf, routes } from './routes.js';
import { on } from './store.js';

const SHOWN = 20;
const list = { sort: 'name', up: true, shown: SHOWN };

const SORTS = { name: (one) => one.title, rule: (one) => one.rules.join(), priority: (one) => one.priority || 0, backend: (one) => one.backend };

function sorted(frontends) {
    const value = SORTS[list.sort], way = list.up ? 1 : -1;
    return frontends.sort((a, b) => {
        const [x, y] = [value(a), value(b)];
        return (typeof x === 'number' ? x - y : x.localeCompare(y, undefined, { numeric: true })) * way;
    });
}

/* "Host:a.b;PathPrefix:/c" with the matchers' names set apart. */
export function makeRule(rule) {
    const element = make('div', 'rule');
    rule.split(';').forEach((part, i) => {
        const colon = part.indexOf(':');
        if (i) element.append(make('em', '', ';'), document.createElement('wbr'));
        if (colon > 0) element.append(make('i', '', part.slice(0, colon + 1)), part.slice(colon + 1));
        else element.append(part);
    });
    return element;
}

function showDetails(frontend, element) {
    const link = makeLink('as JSON', `../api/providers/${encodeURIComponent(frontend.provider)}/frontends/${encodeURIComponent(frontend.name)}`);
    const inside = make('div', 'more-of');
    if (isTrouble(frontend)) inside.append(make('p', 'why', reasonOf(frontend)));
    inside.append(make('pre', '', JSON.stringify(frontend.document, null, 2)), make('p', 'note', link));
    element.append(inside);
}

function makeFrontend(frontend) {
    const item = make('details', 'item'), bad = isTrouble(frontend);
    const marks = frontend.marks.map((mark) => make('span', mark.guard ? 'tag guard' : 'tag', mark.text));
    if (bad) marks.unshift(make('span', 'tag bad', frontend.state));
    item.dataset.id = frontend.id;
    item.append(make('summary', 'row frontend',
        makeName(bad ? 'bad' : '', frontend.title, frontend.provider),
        make('div', '', ...frontend.rules.map(makeRule)),
        make('div', 'eps', ...frontend.entrypoints.map((name) => make('span', 'tag entry', name))),
        make('div', 'num', spoken('priority'), frontend.priority === undefined ? '–' : String(frontend.priority)),
        make('div', 'to', spoken('leads to'), frontend.backend.replace(/^backend-/, '')),
        make('div', 'marks', ...marks)));
    item.addEventListener('toggle', () => { if (item.open && item.children.length === 1) showDetails(frontend, item); });
    return item;
}

export function renderFrontends() {
    const { frontends, searching } = found(), all = routes.frontends.length;
    byId('frontends').hidden = all === 0;
    fill('front-list', 'front-more', sorted(frontends), list.shown, makeFrontend);
    setText('front-count', searching ? `${frontends.length} of ${all}` : String(all));
    for (const button of byId('front-head').querySelectorAll('button')) {
        button.setAttribute('aria-pressed', String(button.dataset.sort === list.sort));
        button.dataset.way = list.up ? 'up' : 'down';
    }
}

export function revealFrontend(id) {
    const find = () => [...byId('front-list').children].find((one) => one.dataset.id === id);
    if (!find()) { /* further down in the list, or the search hides it */
        if (!found().frontends.some((one) => one.id === id)) byId('search').value = '';
        list.shown = Math.max(list.shown, 1 + sorted(found().frontends).findIndex((one) => one.id === id));
        byId('search').dispatchEvent(new Event('input'));
    }
    show(find());
}

byId('front-more').addEventListener('click', () => { list.shown += SHOW_MORE; renderFrontends(); });
byId('front-head').addEventListener('click', (event) => {
    const sort = event.target.dataset.sort;
    if (!sort) return;
    list.up = sort === list.sort ? !list.up : sort !== 'priority';
    list.sort = sort;
    renderFrontends();
});
on('routes', renderFrontends);
byId('search').addEventListener('input', renderFrontends);
