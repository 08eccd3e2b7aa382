/* SPDX-License-Identifier: MIT */
/*
 * dashboard - the page but for the picture of the flow (flow.js) and the containers (containers.js). The live figures come every two seconds from /api/overview; the configuration is fetched again only when its number
 * has changed. Everything that comes from a label goes into the page as text (textContent), never as markup, and names
 * are looked up in Maps, never in plain objects.
 */
'use strict';

const EVERY_MS = 2000, GIVE_UP_MS = 6000, HISTORY = 150;
const PAGE = 60;

const byId = (id) => document.getElementById(id);
const page = { samples: [], started: 0, loaded: -1, lostSince: null, frontends: [], backends: new Map(), entrypoints: [],
               sort: 'name', up: true, frontShown: PAGE, backShown: PAGE };

/* make('b', 'class', 'text' or child...) */
function make(tag, className, ...children) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    element.append(...children);
    return element;
}

function setText(id, text) {
    const element = byId(id);
    if (element.textContent !== text) element.textContent = text;
}

const plural = (count, noun) => `${number(count)} ${noun}${count === 1 ? '' : 's'}`;
function number(value) {
    if (value >= 1e9) return (value / 1e9).toFixed(2) + ' G';
    if (value >= 1e6) return (value / 1e6).toFixed(2) + ' M';
    if (value >= 1e4) return (value / 1e3).toFixed(1) + ' k';
    return value >= 100 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(1);
}
function bytes(value) {
    const units = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];
    let unit = 0;
    for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
    return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
function duration(seconds) {
    if (seconds < 1e-3) return `${Math.round(seconds * 1e6)} µs`;
    if (seconds < 1) return `${(seconds * 1e3).toFixed(seconds < 0.1 ? 1 : 0)} ms`;
    return `${seconds.toFixed(2)} s`;
}
function age(seconds) {
    const parts = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
    let at = parts.findIndex(([size]) => seconds >= size);
    if (at < 0) at = 3;
    const first = Math.floor(seconds / parts[at][0]), rest = seconds - first * parts[at][0];
    const second = at < 3 ? Math.floor(rest / parts[at + 1][0]) : 0;
    return `${first} ${parts[at][1]}` + (second ? ` ${second} ${parts[at + 1][1]}` : '');
}

/* ---- live figures ---- */

function noteSample(overview) {
    const last = page.samples[page.samples.length - 1];
    if (page.started !== overview.started || (last && overview.requests < last.requests)) {
        page.samples = [];
        page.loaded = -1;
        page.started = overview.started;
    }
    page.samples.push({ at: performance.now(), requests: overview.requests, seconds: overview.response_time_sec });
    if (page.samples.length > HISTORY) page.samples.shift();
}

function rates() {
    const result = [];
    for (let i = 1; i < page.samples.length; i++) {
        const [a, b] = [page.samples[i - 1], page.samples[i]];
        result.push((b.requests - a.requests) * 1000 / Math.max(1, b.at - a.at));
    }
    return result;
}

function drawSpark(values) {
    const most = Math.max(...values, 1), step = 300 / (Math.max(values.length, 30) - 1), start = 300 - (values.length - 1) * step;
    const points = values.map((value, i) => `${(start + i * step).toFixed(1)} ${(57 - value / most * 52).toFixed(1)}`);
    const [area, stroke] = byId('spark').children;
    const line = points.length > 1 ? 'M' + points.join('L') : '';
    stroke.setAttribute('d', line);
    area.setAttribute('d', line ? `${line}L300 60L${start.toFixed(1)} 60Z` : '');
}

function showClasses(status) {
    const counts = [0, 0, 0, 0, 0, 0];
    for (const [code, count] of Object.entries(status)) counts[Math.min(5, Math.floor(code / 100))] += count;
    const bar = byId('classes').children, words = [];
    for (let i = 1; i <= 5; i++) {
        bar[i - 1].style.flexGrow = counts[i];
        if (counts[i]) words.push(`${i}xx\u00a0${number(counts[i]).replace(' ', '\u00a0')}`);
    }
    setText('classes-text', words.join(' · ') || 'none yet');
}

function showMean() {
    const window = page.samples.slice(-6), first = window[0], last = window[window.length - 1];
    const requests = last.requests - first.requests;
    if (requests > 0) setText('latency', duration((last.seconds - first.seconds) / requests));
    else setText('latency', last.requests ? duration(last.seconds / last.requests) : '–');
    byId('latency').nextElementSibling.textContent = requests > 0 ? 'mean, now' : 'mean';
}

function showEnds(ended) {
    const ends = Object.entries(ended).sort((a, b) => b[1] - a[1]);
    byId('ends').hidden = ends.length === 0;
    byId('ends-list').replaceChildren(...ends.map(([text, count]) => make('li', '', make('b', '', number(count)), make('span', '', text))));
}

function showOverview(overview) {
    noteSample(overview);
    const values = rates();
    setText('rate', values.length ? number(values[values.length - 1]) : '–');
    setText('peak', values.length ? `highest ${number(Math.max(...values))}` : '');
    drawSpark(values);
    setText('requests', number(overview.requests));
    showClasses(overview.status);
    showMean();
    setText('bytes', `${bytes(overview.response_bytes)} of bodies sent`);
    setText('clients', number(overview.clients));
    setText('active', `${number(overview.active)} under way, ${plural(overview.workers, 'worker')}`);
    setText('snapshot', `#${overview.snapshot}`);
    setText('uptime', `up for ${age(overview.uptime_sec)}`);
    setText('version', overview.version);
    showEnds(overview.ended);
    const entrypoints = JSON.stringify(overview.entrypoints);
    if (entrypoints !== page.entrypointsShown) {
        page.entrypointsShown = entrypoints;
        page.entrypoints = overview.entrypoints;
        byId('entrypoints').replaceChildren(...overview.entrypoints.map((one) => make('li', '', make('b', '', one.name), make('span', '', one.address))));
    }
    setPulse(overview.draining ? 'lost' : 'live', overview.draining ? 'shutting down' : 'live');
}

function setPulse(className, text) {
    byId('pulse').className = `pulse ${className}`;
    const word = byId('pulse').lastElementChild;
    if (word.textContent !== text) word.textContent = text;
}

function showLost(error) {
    page.lostSince = page.lostSince || new Date();
    byId('banner').hidden = false;
    setText('banner', `The API is not reachable since ${page.lostSince.toLocaleTimeString()} (${error.message}). ` +
                      `What is shown may be out of date; trying again every ${EVERY_MS / 1000} s.`);
    document.body.classList.add('lost');
    setPulse('lost', 'not reachable');
}

function showFound() {
    page.lostSince = null;
    byId('banner').hidden = true;
    document.body.classList.remove('lost');
}

/* ---- configuration ---- */

/* The marks of a frontend: what it does to requests beside passing them on. */
function marksOf(frontend) {
    const marks = [], auth = frontend.auth || {}, headers = frontend.headers || {};
    const guard = (text) => marks.push({ text, guard: true });
    if (auth.forward) guard('forward auth');
    if (auth.basic || (frontend.basicAuth && frontend.basicAuth.length)) guard('basic auth');
    if (auth.digest) guard('digest auth');
    if (frontend.whiteList || frontend.whitelistSourceRange) guard('white list');
    if (frontend.ratelimit) guard('rate limit');
    if (frontend.passTLSCert || frontend.passTLSClientCert) marks.push({ text: 'client certificate' });
    if (headers.sslRedirect) guard('https only');
    if (frontend.redirect) marks.push({ text: 'redirect' });
    if (Object.keys(headers).length) marks.push({ text: 'headers' });
    if (frontend.errors) marks.push({ text: 'error pages' });
    if (!frontend.passHostHeader) marks.push({ text: 'host not passed' });
    return marks;
}

const key = (provider, name) => `${provider}\n${name}`;
const isTrouble = (frontend) => frontend.state !== 'open';

function readFrontend(provider, name, document, outcome) {
    const rules = Object.values(document.routes || {}).map((route) => route.rule || '');
    return { provider, name, document, rules, id: key(provider, name), title: name.replace(/^frontend-/, ''),
             entrypoints: document.entryPoints || [], backend: document.backend || '', backendId: key(provider, document.backend || ''),
             priority: outcome && outcome.priority !== undefined ? outcome.priority : document.priority,
             state: outcome ? outcome.state : 'left out', because: (outcome && outcome.because) || '', marks: marksOf(document) };
}

function readConfiguration(providers, outcomes) {
    const byKey = new Map(outcomes.filter((one) => one.state !== 'remembered').map((one) => [key(one.provider, one.name), one]));
    page.frontends = [];
    page.backends = new Map();
    for (const [provider, configuration] of Object.entries(providers)) {
        for (const [name, document] of Object.entries(configuration.backends || {})) {
            const servers = Object.entries(document.servers || {}).map(([of, server]) => ({ name: of, url: server.url || '', weight: server.weight }));
            page.backends.set(key(provider, name), { provider, name, document, servers, id: key(provider, name), title: name.replace(/^backend-/, ''), users: [] });
        }
        for (const [name, document] of Object.entries(configuration.frontends || {}))
            page.frontends.push(readFrontend(provider, name, document, byKey.get(key(provider, name))));
    }
    for (const frontend of page.frontends) {
        const backend = page.backends.get(frontend.backendId);
        if (backend) backend.users.push(frontend);
        frontend.text = [frontend.name, frontend.backend, frontend.provider, frontend.state, ...frontend.rules, ...frontend.entrypoints,
                         ...frontend.marks.map((mark) => mark.text), ...(backend ? backend.servers.map((one) => one.url) : [])].join(' ').toLowerCase();
    }
    for (const backend of page.backends.values())
        backend.text = [backend.name, backend.provider, ...backend.servers.map((one) => one.url)].join(' ').toLowerCase();
    showProviders(Object.keys(providers));
}

function showProviders(names) {
    const select = byId('provider'), chosen = select.value;
    select.replaceChildren(select.firstElementChild, ...names.map((name) => new Option(name, name)));
    select.value = names.includes(chosen) ? chosen : '';
    select.parentElement.hidden = names.length < 2;
}

function found() {
    const words = byId('search').value.toLowerCase().split(/\s+/).filter(Boolean);
    const provider = byId('provider').value, state = byId('state').value;
    const fits = (one) => (!provider || one.provider === provider) && words.every((word) => one.text.includes(word));
    const frontends = page.frontends.filter((one) => fits(one) && (!state || (state === 'trouble') === isTrouble(one)));
    const led = new Set(frontends.map((one) => one.backendId));
    const searching = words.length || provider || state;
    const backends = [...page.backends.values()].filter((one) => led.has(one.id) || !searching || (!state && fits(one)));
    return { frontends: sorted(frontends), backends, searching };
}

function sorted(frontends) {
    const value = { name: (one) => one.title, rule: (one) => one.rules.join(), priority: (one) => one.priority || 0, backend: (one) => one.backend }[page.sort];
    const way = page.up ? 1 : -1;
    return frontends.sort((a, b) => {
        const [x, y] = [value(a), value(b)];
        return (typeof x === 'number' ? x - y : x.localeCompare(y, undefined, { numeric: true })) * way;
    });
}

/* "Host:a.b;PathPrefix:/c" with the matchers' names set apart. */
function showRule(rule) {
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
    const link = make('a', '', 'as JSON');
    link.href = `../api/providers/${encodeURIComponent(frontend.provider)}/frontends/${encodeURIComponent(frontend.name)}`;
    const inside = make('div', 'more-of');
    if (isTrouble(frontend)) inside.append(make('p', 'why', reasonOf(frontend)));
    inside.append(make('pre', '', JSON.stringify(frontend.document, null, 2)), make('p', 'note', link));
    element.append(inside);
}

function reasonOf(frontend) {
    if (frontend.state === 'closed') return `Answers 503 until this is mended: ${frontend.because}`;
    if (frontend.state === 'left out') return `Not routed: ${frontend.because || 'its rule cannot be read (see the log)'}`;
    if (frontend.state === 'no healthy server') return `Answers 503: no server of backend ${frontend.backend} passes its health check`;
    if (frontend.state === 'shadowed') return `Gets no requests: ${frontend.because}`;
    if (frontend.state === 'no backend') return `Answers 503: there is no backend ${frontend.backend}`;
    return `Answers 503: backend ${frontend.backend} has no server that can be used`;
}

function showFrontend(frontend) {
    const item = make('details', 'item'), bad = isTrouble(frontend);
    const marks = frontend.marks.map((mark) => make('span', mark.guard ? 'tag guard' : 'tag', mark.text));
    if (bad) marks.unshift(make('span', 'tag bad', frontend.state));
    item.dataset.id = frontend.id;
    item.append(make('summary', 'row',
        make('div', 'name', make('i', bad ? 'dot bad' : 'dot'), make('div', '', make('b', '', frontend.title), ' ', make('span', 'from', frontend.provider))),
        make('div', '', ...frontend.rules.map(showRule)),
        make('div', 'eps', ...frontend.entrypoints.map((name) => make('span', 'tag entry', name))),
        make('div', 'num', frontend.priority === undefined ? '–' : String(frontend.priority)),
        make('div', 'to', frontend.backend.replace(/^backend-/, '')),
        make('div', 'marks', ...marks)));
    item.addEventListener('toggle', () => { if (item.open && item.children.length === 1) showDetails(frontend, item); });
    return item;
}

function showBackend(backend) {
    const { document: options, servers } = backend, bad = servers.length === 0;
    const card = make('article', bad ? 'card bad' : 'card'), marks = [make('span', 'tag', backend.provider)];
    const mark = (text) => marks.push(make('span', 'tag', text));
    const most = Math.max(1, ...servers.map((one) => one.weight));
    card.dataset.id = backend.id;
    if (options.loadBalancer) mark(options.loadBalancer.method || 'wrr');
    if (options.loadBalancer && (options.loadBalancer.stickiness || options.loadBalancer.sticky)) mark('sticky');
    if (options.healthCheck) mark(`health check ${options.healthCheck.path || ''}`);
    if (options.circuitBreaker) mark('circuit breaker');
    if (options.maxConn) mark(`at most ${options.maxConn.amount || 0} connections`);
    if (options.buffering) mark('buffering');
    mark(backend.users.length ? `used by ${plural(backend.users.length, 'frontend')}` : 'not used');
    card.append(make('h3', '', backend.title), make('div', 'marks', ...marks));
    if (bad) {
        card.append(make('p', 'none', 'No server: requests are answered 503.'));
        return card;
    }
    const table = make('table', '', make('tr', '', make('th', '', plural(servers.length, 'server')), make('th', '', 'Weight')));
    for (const server of servers) {
        const meter = make('meter');
        meter.max = most;
        meter.value = server.weight;
        const row = make('tr', '', make('td', 'url', server.url), make('td', '', String(server.weight), meter));
        row.title = server.name;
        table.append(row);
    }
    card.append(table);
    return card;
}

function showTrouble() {
    const trouble = page.frontends.filter(isTrouble);
    byId('trouble').hidden = trouble.length === 0;
    setText('trouble-count', String(trouble.length));
    byId('trouble-list').replaceChildren(...trouble.slice(0, 50).map((frontend) => {
        const button = make('button', '', frontend.title);
        button.type = 'button';
        button.addEventListener('click', () => reveal(frontend.id));
        return make('li', '', make('span', 'tag bad', frontend.state), button, make('span', 'why', reasonOf(frontend)));
    }));
}

/* Brings a frontend's row or a backend's card into view. */
function reveal(id) {
    let element = [...document.querySelectorAll('.item, .card')].find((one) => one.dataset.id === id);
    if (!element) { /* not on the page: further down in the list, or the search hides it */
        page.frontShown = page.backShown = Infinity;
        if (!found().frontends.some((one) => one.id === id)) byId('search').value = byId('state').value = byId('provider').value = '';
        render();
        element = [...document.querySelectorAll('.item, .card')].find((one) => one.dataset.id === id);
    }
    if (!element) return;
    if (element.tagName === 'DETAILS') element.open = true;
    element.scrollIntoView({ block: 'center' });
    (element.querySelector('summary') || element).focus({ preventScroll: true });
    element.classList.remove('flash');
    void element.offsetWidth; /* starts the animation anew */
    element.classList.add('flash');
}

/* ---- the whole ---- */

function fill(listId, moreId, all, shown, show) {
    const open = new Set([...byId(listId).querySelectorAll('details[open]')].map((one) => one.dataset.id));
    const elements = all.slice(0, shown).map(show);
    for (const element of elements) if (open.has(element.dataset.id)) element.open = true;
    byId(listId).replaceChildren(...(elements.length ? elements : [make('p', 'nothing', 'None.')]));
    byId(moreId).hidden = all.length <= shown;
    setText(moreId, `Show all ${number(all.length)}`);
}

function render() {
    const result = found(), { frontends, backends, searching } = result;
    const all = page.frontends.length;
    showTrouble();
    drawFlow(result);
    fill('front-list', 'front-more', frontends, page.frontShown, showFrontend);
    fill('back-list', 'back-more', backends, page.backShown, showBackend);
    setText('front-count', searching ? `${frontends.length} of ${all}` : String(all));
    setText('back-count', searching ? `${backends.length} of ${page.backends.size}` : String(page.backends.size));
    setText('matches', searching ? `${plural(frontends.length, 'frontend')}, ${plural(backends.length, 'backend')}` : '');
    for (const button of byId('front-head').querySelectorAll('button')) {
        button.setAttribute('aria-pressed', String(button.dataset.sort === page.sort));
        button.dataset.way = page.up ? 'up' : 'down';
    }
}

async function get(path) {
    const stop = new AbortController(), timer = setTimeout(() => stop.abort(), GIVE_UP_MS);
    try {
        const answer = await fetch(path, { signal: stop.signal, cache: 'no-store' });
        if (!answer.ok) throw new Error(`it answered ${answer.status}`);
        return await answer.json();
    } catch (error) {
        throw stop.signal.aborted ? new Error('no answer in time') : error instanceof TypeError ? new Error('no connection') : error;
    } finally {
        clearTimeout(timer);
    }
}

async function refresh() {
    const overview = await get('../api/overview');
    showOverview(overview);
    if (overview.snapshot !== page.loaded) {
        const [providers, outcomes] = await Promise.all([get('../api/providers'), get('../api/overview/frontends')]);
        readConfiguration(providers, outcomes.frontends);
        page.loaded = outcomes.snapshot;
        render();
    }
    await refreshContainers(overview);
    showFound();
}

async function keepFresh() {
    try {
        if (!document.hidden) await refresh();
    } catch (error) {
        showLost(error);
    }
    page.timer = setTimeout(keepFresh, EVERY_MS);
}

function applyTheme(theme) {
    if (theme === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    setText('theme', theme);
}

function remember(name, value) {
    try { /* storage may be forbidden */
        if (value !== undefined) localStorage.setItem(name, value);
        return localStorage.getItem(name);
    } catch { return null; }
}

function listen() {
    const again = () => { page.frontShown = page.backShown = PAGE; render(); };
    byId('search').addEventListener('input', again);
    byId('provider').addEventListener('change', again);
    byId('state').addEventListener('change', again);
    byId('front-more').addEventListener('click', () => { page.frontShown = Infinity; render(); });
    byId('back-more').addEventListener('click', () => { page.backShown = Infinity; render(); });
    byId('front-head').addEventListener('click', (event) => {
        const sort = event.target.dataset.sort;
        if (!sort) return;
        page.up = sort === page.sort ? !page.up : sort !== 'priority';
        page.sort = sort;
        render();
    });
    listenToFlow(again);
    listenToContainers();
    document.addEventListener('keydown', (event) => {
        if (event.key === '/' && !/INPUT|SELECT/.test(document.activeElement.tagName)) { event.preventDefault(); byId('search').focus(); }
        if (event.key === 'Escape' && document.activeElement === byId('search')) { byId('search').value = ''; again(); }
    });
    document.addEventListener('visibilitychange', () => { if (!document.hidden) { clearTimeout(page.timer); keepFresh(); } });
    byId('theme').addEventListener('click', () => {
        const themes = ['auto', 'light', 'dark'], next = themes[(themes.indexOf(byId('theme').textContent) + 1) % 3];
        applyTheme(next);
        remember('theme', next);
    });
}

applyTheme(['light', 'dark'].find((theme) => theme === remember('theme')) || 'auto');
listen();
keepFresh();
