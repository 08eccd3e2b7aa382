/* SPDX-License-Identifier: MIT */
/*
 * routes - frontends and backends as the page shows them, made of /api/providers and of what became of them, and the search over
 * both. Names are looked up in Maps, never in plain objects.
 */
import { byId, hasWords, wordsOf } from './dom.js';
import { on, store } from './store.js';

export const routes = { frontends: [], backends: new Map() };

export const key = (provider, name) => `${provider}\n${name}`;
export const isTrouble = (frontend) => frontend.state !== 'open';

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

export function reasonOf(frontend) {
    if (frontend.state === 'closed') return `Answers 503 until this is mended: ${frontend.because}`;
    if (frontend.state === 'left out') return `Not routed: ${frontend.because || 'its rule cannot be read (see the log)'}`;
    if (frontend.state === 'no healthy server') return `Answers 503: no server of backend ${frontend.backend} passes its health check`;
    if (frontend.state === 'shadowed') return `Gets no requests: ${frontend.because}`;
    if (frontend.state === 'no backend') return `Answers 503: there is no backend ${frontend.backend}`;
    return `Answers 503: backend ${frontend.backend} has no server that can be used`;
}

function readFrontend(provider, name, document, outcome) {
    const rules = Object.values(document.routes || {}).map((route) => route.rule || '');
    return { provider, name, document, rules, id: key(provider, name), title: name.replace(/^frontend-/, ''),
             entrypoints: document.entryPoints || [], backend: document.backend || '', backendId: key(provider, document.backend || ''),
             priority: outcome && outcome.priority !== undefined ? outcome.priority : document.priority,
             down: (outcome && outcome.down) || [],
             state: outcome ? outcome.state : 'left out', because: (outcome && outcome.because) || '', marks: marksOf(document) };
}

function readBackend(provider, name, document) {
    const servers = Object.entries(document.servers || {}).map(([of, server]) => ({ name: of, url: server.url || '', weight: server.weight, down: false }));
    return { provider, name, document, servers, id: key(provider, name), title: name.replace(/^backend-/, ''), users: [] };
}

function connect() {
    for (const frontend of routes.frontends) {
        const backend = routes.backends.get(frontend.backendId);
        if (backend) {
            backend.users.push(frontend);
            for (const server of backend.servers) server.down = server.down || frontend.down.includes(server.name);
        }
        frontend.text = [frontend.name, frontend.backend, frontend.provider, frontend.state, ...frontend.rules, ...frontend.entrypoints,
                         ...frontend.marks.map((mark) => mark.text), ...(backend ? backend.servers.map((one) => one.url) : [])].join(' ').toLowerCase();
    }
    for (const backend of routes.backends.values())
        backend.text = [backend.name, backend.provider, ...backend.servers.map((one) => one.url), ...backend.users.map((one) => one.text)].join(' ').toLowerCase();
}

on('routes', () => {
    const byKey = new Map(store.outcomes.filter((one) => one.state !== 'remembered').map((one) => [key(one.provider, one.name), one]));
    routes.frontends = [];
    routes.backends = new Map();
    for (const [provider, configuration] of Object.entries(store.providers)) {
        for (const [name, document] of Object.entries(configuration.backends || {}))
            routes.backends.set(key(provider, name), readBackend(provider, name, document));
        for (const [name, document] of Object.entries(configuration.frontends || {}))
            routes.frontends.push(readFrontend(provider, name, document, byKey.get(key(provider, name))));
    }
    connect();
});

/* What fits the search, and whether there is one. */
export function found() {
    const words = wordsOf(byId('search').value);
    return { frontends: routes.frontends.filter((one) => hasWords(one.text, words)),
             backends: [...routes.backends.values()].filter((one) => hasWords(one.text, words)), searching: words.length > 0 };
}
