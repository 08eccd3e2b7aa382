/* SPDX-License-Identifier: MIT */
/* flow - the picture entrypoint -> frontend -> backend -> servers: columns of buttons, and curves drawn behind them. */
'use strict';

const FLOW_MAX = 24, FLOW_SERVERS_MAX = 5;

function node(id, title, sub, bad) {
    const element = make('button', bad ? 'node bad' : 'node', make('b', '', title), make('span', '', sub));
    element.type = 'button';
    element.title = `${title}\n${sub}`;
    element.dataset.id = id;
    return element;
}

const rest = (text) => make('div', 'node rest', make('span', '', text));
const serverPlace = (url) => url.replace(/^https?:\/\//, '') || '(no URL)';

function flowServers(backend, wires) {
    const shown = backend.servers.length > FLOW_SERVERS_MAX + 1 ? FLOW_SERVERS_MAX : backend.servers.length;
    const nodes = backend.servers.slice(0, shown).map((server) => {
        const element = node(key(backend.id, server.name), serverPlace(server.url), `× ${server.weight}`);
        element.title = `${server.url}\nweight ${server.weight}\n${server.name}`;
        wires.push({ from: `b${backend.id}`, to: `s${element.dataset.id}` });
        return element;
    });
    if (shown < backend.servers.length) nodes.push(rest(`and ${plural(backend.servers.length - shown, 'more server')}`));
    return nodes;
}

function drawFlow({ frontends, searching }) {
    const shown = frontends.slice(0, FLOW_MAX), wires = [], servers = [], backends = new Map();
    const entries = page.entrypoints.map((one) => node(one.name, one.name, one.address));
    const fronts = shown.map((one) => {
        const backend = page.backends.get(one.backendId);
        one.entrypoints.forEach((name) => wires.push({ from: `e${name}`, to: `f${one.id}`, bad: one.state === 'left out' }));
        if (backend) backends.set(backend.id, backend);
        wires.push({ from: `f${one.id}`, to: `b${one.backendId}`, bad: isTrouble(one) });
        return node(one.id, one.rules.join('  ') || one.title, isTrouble(one) ? `${one.state}: ${one.because || 'see below'}` : [one.title, ...one.marks.filter((mark) => mark.guard).map((mark) => mark.text)].join('  ·  '), isTrouble(one));
    });
    const backs = [...backends.values()].map((backend) => {
        servers.push(...flowServers(backend, wires));
        const method = backend.document.loadBalancer && backend.document.loadBalancer.method;
        return node(backend.id, backend.title, `${plural(backend.servers.length, 'server')}${method ? `, ${method}` : ''}`, !backend.servers.length);
    });
    if (shown.length < frontends.length) fronts.push(rest(`and ${number(frontends.length - shown.length)} more: search to narrow`));
    const nothing = frontends.length === 0;
    byId('flow').hidden = nothing && !searching;
    byId('empty').hidden = !nothing || Boolean(searching);
    byId('flow-entry').replaceChildren(...entries);
    byId('flow-front').replaceChildren(...(nothing ? [rest('nothing fits the search')] : fronts));
    byId('flow-back').replaceChildren(...backs);
    byId('flow-serve').replaceChildren(...servers);
    setText('flow-note', shown.length < frontends.length ? `the first ${shown.length} of ${number(frontends.length)} frontends` : '');
    page.wires = wires;
    drawWires();
}

function flowNodes() {
    const nodes = new Map();
    for (const [letter, id] of [['e', 'flow-entry'], ['f', 'flow-front'], ['b', 'flow-back'], ['s', 'flow-serve']])
        for (const element of byId(id).children)
            if (element.dataset.id !== undefined) nodes.set(letter + element.dataset.id, element);
    return nodes;
}

function drawWires() {
    const nodes = flowNodes(), origin = byId('flow').getBoundingClientRect();
    page.nodes = nodes;
    page.drawn = [];
    for (const wire of page.wires || []) {
        const from = nodes.get(wire.from), to = nodes.get(wire.to);
        if (!from || !to) continue;
        const a = from.getBoundingClientRect(), b = to.getBoundingClientRect();
        const x1 = a.right - origin.left, y1 = a.top + a.height / 2 - origin.top, x2 = b.left - origin.left, y2 = b.top + b.height / 2 - origin.top;
        const bend = (x2 - x1) * 0.5, path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
        path.setAttribute('d', `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`);
        if (wire.bad) path.classList.add('bad');
        page.drawn.push({ ...wire, path });
    }
    byId('wires').replaceChildren(...page.drawn.map((wire) => wire.path));
}

/* What leads to this node and what it leads to. */
function pick(start) {
    const on = new Set([start]), ways = [['from', 'to'], ['to', 'from']];
    for (const [near, far] of ways) {
        const queue = [start];
        while (queue.length) {
            const at = queue.pop();
            for (const wire of page.drawn) {
                if (wire[near] !== at) continue;
                wire.path.classList.add('on');
                if (!on.has(wire[far])) { on.add(wire[far]); queue.push(wire[far]); }
            }
        }
    }
    for (const [id, element] of page.nodes) element.classList.toggle('on', on.has(id));
    byId('flow').classList.add('picked');
}

function unpick() {
    byId('flow').classList.remove('picked');
    for (const wire of page.drawn || []) wire.path.classList.remove('on');
}

function idOf(element) {
    const letter = { 'flow-entry': 'e', 'flow-front': 'f', 'flow-back': 'b', 'flow-serve': 's' }[element.parentElement.id];
    return letter + element.dataset.id;
}

function listenToFlow(searchAgain) {
    for (const [on, off] of [['pointerover', 'pointerout'], ['focusin', 'focusout']]) {
        byId('flow').addEventListener(on, (event) => { const at = event.target.closest('button.node'); if (at) { unpick(); pick(idOf(at)); } });
        byId('flow').addEventListener(off, unpick);
    }
    byId('flow').addEventListener('click', (event) => {
        const at = event.target.closest('button.node'), letter = at && idOf(at)[0];
        if (letter === 'f' || letter === 'b') reveal(at.dataset.id);
        else if (letter === 's') reveal(at.dataset.id.split('\n').slice(0, 2).join('\n'));
        else if (letter === 'e') { byId('search').value = at.dataset.id; searchAgain(); }
    });
    new ResizeObserver(drawWires).observe(byId('flow'));
}
