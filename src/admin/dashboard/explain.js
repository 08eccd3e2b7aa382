/* SPDX-License-Identifier: MIT */
/* explain - the box that asks /api/explain about one request: who gets it, what is done to it, and why the others do not. */
import { byId, make, makeButton, makeLink } from './dom.js';
import { plural } from './format.js';
import { makeRule, revealFrontend } from './frontends.js';
import { key } from './routes.js';

function verdictOf(said) {
    if (said.answered_by === 'router') return ['good', 'The router answers it itself (API, dashboard, ping).'];
    if (said.answered_by === 'nobody') return ['bad', `Nobody gets it: ${said.status}, ${said.reason}.`];
    if (said.status) return [said.status < 400 ? 'good' : 'bad', `Its frontend answers ${said.status}: ${said.frontend.because || said.reason}.`];
    return ['good', `It goes to ${said.frontend.server ? said.frontend.server.url : said.frontend.backend}.`];
}

const step = (name, ...what) => make('li', '', make('span', 'step', name), make('span', 'stop', ...what));

/* The way of the request, stop by stop. */
function makeWay(said) {
    const way = make('ol', 'way'), { request, frontend } = said;
    way.append(step('request', `${request.method || ''} ${request.host || ''}${request.path || ''}`));
    way.append(step('entrypoint', request.entrypoint, ...said.entrypoint_filters.map((name) => make('span', 'tag guard', name))));
    if (!frontend) return way;
    way.append(step('frontend', makeButton('link strong', frontend.name, () => revealFrontend(key(frontend.provider, frontend.name))), makeRule(frontend.rule)));
    if (frontend.filters.length) way.append(step('filters', ...frontend.filters.map((name) => make('span', 'tag guard', name))));
    if (frontend.backend) way.append(step('backend', `${frontend.backend}, ${plural(frontend.servers, 'server')}`));
    if (frontend.server) way.append(step('server', frontend.server.url));
    if (frontend.target) way.append(step('is sent', `${request.method} ${frontend.target}`));
    return way;
}

function makeTried(row) {
    return make('tr', row.verdict, make('td', 'num', String(row.position)), make('td', '', make('span', `tag ${row.verdict}`, row.verdict)),
                make('td', '', make('b', '', row.name), makeRule(row.rule)), make('td', 'num', String(row.priority)),
                make('td', 'near', row.why ? `${row.part}: ${row.why}` : ''));
}

/* Who matches, or nearly does, says something; those of other hosts are there for who asks. */
const TRIED_SHOWN = 6;

function makeTriedTable(tried) {
    const head = make('tr', '', ...['#', 'Verdict', 'Frontend', 'Priority', 'Why not'].map((name) => make('th', '', name)));
    const isSaid = (row) => row.verdict !== 'refuses' || !/^Host(Regexp)?\s*:/i.test(row.part || '');
    const some = tried.length > TRIED_SHOWN ? tried.filter(isSaid) : tried, body = make('tbody', '', ...some.map(makeTried));
    const table = make('table', 'tried', make('thead', '', head), body);
    if (some.length === tried.length) return [table];
    const more = makeButton('more', `Show the ${plural(tried.length - some.length, 'frontend')} of other hosts, too`, () => {
        body.replaceChildren(...tried.map(makeTried));
        table.hidden = false;
        more.remove();
    });
    table.hidden = some.length === 0;
    return [table, more];
}

function makeAnswer(said, query) {
    const [mood, words] = verdictOf(said), parts = [make('p', `verdict ${mood}`, words)];
    if (said.nearest) parts.push(make('p', 'note', `Nearest: ${said.nearest}`));
    parts.push(makeWay(said));
    if (said.tried && said.tried.length) {
        parts.push(...makeTriedTable(said.tried));
        if (said.frontends > said.tried.length) parts.push(make('p', 'note', `${said.tried.length} of ${plural(said.frontends, 'frontend')} of this entrypoint.`));
    }
    query.set('format', 'text');
    parts.push(make('p', 'note', makeLink('as text', `../api/explain?${query}`), ' · the same as ', make('code', '', `waybill explain ${query.get('url')}`)));
    return parts;
}

let asked = 0;

async function ask(url, method) {
    const query = new URLSearchParams({ url, method }), answer = byId('explain-answer'), number = ++asked;
    let parts;
    try {
        const response = await fetch(`../api/explain?${query}`, { cache: 'no-store' });
        parts = response.ok ? makeAnswer(await response.json(), query) : [make('p', 'verdict bad', (await response.text()).trim())];
    } catch (error) {
        parts = [make('p', 'verdict bad', `The API could not be asked: ${error.message}`)];
    }
    if (number !== asked) return; /* somebody has asked for another one meanwhile */
    answer.replaceChildren(...parts);
    answer.hidden = false;
}

/* Fills in the box and asks. */
export function askExplain(url, method) {
    byId('explain-url').value = url;
    if ([...byId('explain-method').options].some((option) => option.value === method)) byId('explain-method').value = method;
    byId('explain-url').focus({ preventScroll: true });
    byId('explain-panel').scrollIntoView({ block: 'start' });
    return ask(url, method);
}

byId('explain').addEventListener('submit', (event) => {
    event.preventDefault();
    const url = byId('explain-url').value.trim();
    if (url) ask(url, byId('explain-method').value);
});
