/* SPDX-License-Identifier: MIT */
/* flow - the picture entrypoint -> frontend -> backend -> servers: columns of buttons, and curves drawn behind them. */
import { revealBackend } from './backends.js';
import { byId, make, setText } from './dom.js';
import { number, plural } from './format.js';
import { revealFrontend } from './frontends.js';
import { found, isTrouble, key, routes } from './routes.js';
import { on, store } from './store.js';

const SHOWN = 16, SERVERS_SHOWN = 5;
const picture = { wires: [], drawn: [], nodes: new Map() };

function makeNode(id, title, sub, bad) {
    const element = make('button', bad ? 'node bad' : 'node', make('b', '', title), make('span', '', sub));
    element.type = 'button';
    element.title = `${title}\n${sub}`;
    element.dataset.id = id;
    return element;
}

const makeRest = (text) => make('div', 'node rest', make('span', '', text));
const placeOf = (url) => url.replace(/^https?:\/\//, '') || '(no URL)';

function makeServers(backend, wires) {
    const shown = backend.servers.length > SERVERS_SHOWN + 1 ? SERVERS_SHOWN : backend.servers.length;
    const nodes = backend.servers.slice(0, shown).map((server) => {
        const element = makeNode(key(backend.id, server.name), placeOf(server.url), server.down ? 'down' : server.weight ? `× ${server.weight}` : '' /* 0 in a document: not given */, server.down);
        element.title = `${server.url}\nweight ${server.weight}\n${server.name}`;
        wires.push({ from: `b${backend.id}`, to: `s${element.dataset.id}`, bad: server.down });
        return element;
    });
    if (shown < backend.servers.length) nodes.push(makeRest(`and ${plural(backend.servers.length - shown, 'more server')}`));
    return nodes;
}

function subtitleOf(frontend) {
    if (isTrouble(frontend)) return `${frontend.state}: ${frontend.because || 'see below'}`;
    return [frontend.title, ...frontend.marks.filter((mark) => mark.guard).map((mark) => mark.text)].join('  ·  ');
}

function makeFrontends(shown, backends, wires) {
    return shown.map((one) => {
        const backend = routes.backends.get(one.backendId);
        one.entrypoints.forEach((name) => wires.push({ from: `e${name}`, to: `f${one.id}`, bad: one.state === 'left out' }));
        if (backend) backends.set(backend.id, backend);
        wires.push({ from: `f${one.id}`, to: `b${one.backendId}`, bad: isTrouble(one) });
        return makeNode(one.id, one.rules.join('  ') || one.title, subtitleOf(one), isTrouble(one));
    });
}

function makeBackends(backends, servers, wires) {
    return [...backends.values()].map((backend) => {
        const method = backend.document.loadBalancer && backend.document.loadBalancer.method;
        servers.push(...makeServers(backend, wires));
        return makeNode(backend.id, backend.title, `${plural(backend.servers.length, 'server')}${method ? `, ${method}` : ''}`, !backend.servers.length);
    });
}

function render() {
    const { frontends, searching } = found(), shown = frontends.slice(0, SHOWN), wires = [], servers = [], backends = new Map();
    const fronts = makeFrontends(shown, backends, wires), backs = makeBackends(backends, servers, wires), nothing = frontends.length === 0;
    if (shown.length < frontends.length) fronts.push(makeRest(`and ${number(frontends.length - shown.length)} more: search to narrow`));
    byId('flow-panel').hidden = nothing && !searching;
    byId('flow-entry').replaceChildren(...(store.overview ? store.overview.entrypoints : []).map((one) => makeNode(one.name, one.name, one.address)));
    byId('flow-front').replaceChildren(...(nothing ? [makeRest('nothing fits the search')] : fronts));
    byId('flow-back').replaceChildren(...backs);
    byId('flow-serve').replaceChildren(...servers);
    setText('flow-note', shown.length < frontends.length ? `the first ${shown.length} of ${number(frontends.length)} frontends` : '');
    picture.wires = wires;
    drawWires();
}

function findNodes() {
    const nodes = new Map();
    for (const [letter, id] of [['e', 'flow-entry'], ['f', 'flow-front'], ['b', 'flow-back'], ['s', 'flow-serve']])
        for (const element of byId(id).children)
            if (element.dataset.id !== undefined) nodes.set(letter + element.dataset.id, element);
    return nodes;
}

function makeWire(from, to, origin, bad) {
    const a = from.getBoundingClientRect(), b = to.getBoundingClientRect(), path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    const x1 = a.right - origin.left, y1 = a.top + a.height / 2 - origin.top, x2 = b.left - origin.left, y2 = b.top + b.height / 2 - origin.top;
    const bend = (x2 - x1) * 0.5;
    path.setAttribute('d', `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`);
    if (bad) path.classList.add('bad');
    return path;
}

function drawWires() {
    const nodes = picture.nodes = findNodes(), origin = byId('flow').getBoundingClientRect();
    picture.drawn = picture.wires.filter((wire) => nodes.has(wire.from) && nodes.has(wire.to))
        .map((wire) => ({ ...wire, path: makeWire(nodes.get(wire.from), nodes.get(wire.to), origin, wire.bad) }));
    byId('wires').replaceChildren(...picture.drawn.map((wire) => wire.path));
}

/* What leads to this node and what it leads to. */
function pick(start) {
    const chosen = new Set([start]);
    for (const [near, far] of [['from', 'to'], ['to', 'from']]) {
        const queue = [start];
        while (queue.length) {
            const at = queue.pop();
            for (const wire of picture.drawn) {
                if (wire[near] !== at) continue;
                wire.path.classList.add('on');
                if (!chosen.has(wire[far])) { chosen.add(wire[far]); queue.push(wire[far]); }
            }
        }
    }
    for (const [id, element] of picture.nodes) element.classList.toggle('on', chosen.has(id));
    byId('flow').classList.add('picked');
}

function unpick() {
    byId('flow').classList.remove('picked');
    for (const wire of picture.drawn) wire.path.classList.remove('on');
}

const letterOf = (element) => ({ 'flow-entry': 'e', 'flow-front': 'f', 'flow-back': 'b', 'flow-serve': 's' })[element.parentElement.id];

for (const [begin, end] of [['pointerover', 'pointerout'], ['focusin', 'focusout']]) {
    byId('flow').addEventListener(begin, (event) => {
        const at = event.target.closest('button.node');
        if (at) { unpick(); pick(letterOf(at) + at.dataset.id); }
    });
    byId('flow').addEventListener(end, unpick);
}
byId('flow').addEventListener('click', (event) => {
    const at = event.target.closest('button.node'), letter = at && letterOf(at);
    if (letter === 'f') revealFrontend(at.dataset.id);
    else if (letter === 'b') revealBackend(at.dataset.id);
    else if (letter === 's') revealBackend(at.dataset.id.split('\n').slice(0, 2).join('\n'));
    else if (letter === 'e') { byId('search').value = at.dataset.id; byId('search').dispatchEvent(new Event('input')); }
});
new ResizeObserver(drawWires).observe(byId('flow'));
on('routes', render);
let entrypointsSeen = '';
on('overview', () => { /* they never change in one run of the router */
    const seen = JSON.stringify(store.overview.entrypoints);
    if (seen !== entrypointsSeen) { entrypointsSeen = seen; render(); }
});
byId('search').addEventListener('input', render);
