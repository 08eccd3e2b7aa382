/* SPDX-License-Identifier: MIT */
/*
 * store - what the page knows of the router, and how it stays true: documents are fetched when an event says that they are others.
 *
 *   /api/events -> hello, configuration, container, health, ... -> the document it is about is fetched again
 *               -> figures, each second                         -> the pictures; and their numbers say whether anything was missed
 *
 * Who shows something listens to a topic: live, figures, overview, routes, containers, errors, unserved, diagnostics, happened.
 */

const GIVE_UP_MS = 6000, ENDING_MS = 15000, SILENT_MS = 5000, RETRY_MS = 2000, LISTS_EVERY_MS = 2000;

export const store = {
    live: 'connecting', /* 'live', 'ending', 'lost' */
    lostSince: null, lostWhy: '',
    overview: null, providers: {}, outcomes: [], containers: null, errors: [], unserved: null, diagnostics: [],
};

const listeners = new Map(), loaded = { started: 0, snapshot: -1, inventory: -1, diagnostics: -1, requests: -1 };

export function on(topic, listener) {
    if (!listeners.has(topic)) listeners.set(topic, []);
    listeners.get(topic).push(listener);
}

function tell(topic, value) {
    for (const listener of listeners.get(topic) || []) listener(value);
}

export async function get(path) {
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

/* ---- the connection ---- */

let source = null, silence = 0, retry = 0;

function setLive(state, why) {
    if (state === 'lost' && store.live !== 'lost' && store.live !== 'ending') store.lostSince = new Date();
    if (state === 'ending') store.lostSince = new Date();
    if (state === 'live') store.lostSince = null;
    if (state === store.live && (why || '') === store.lostWhy) return;
    store.live = state;
    store.lostWhy = why || '';
    tell('live');
}

function lose(why) {
    clearTimeout(silence);
    clearTimeout(retry);
    if (source) source.close();
    source = null;
    if (store.live !== 'ending' || Date.now() - store.lostSince > ENDING_MS) setLive('lost', why); /* what ends may be about to begin again */
    retry = setTimeout(connect, RETRY_MS);
}

function heard() {
    clearTimeout(silence);
    silence = setTimeout(() => lose('nothing was heard of it'), SILENT_MS);
}

/* `listen('configuration', ...)`: the data of such an event. */
function listenTo(name, listener) {
    source.addEventListener(name, (event) => {
        heard();
        listener(JSON.parse(event.data));
    });
}

export function connect() {
    clearTimeout(retry);
    source = new EventSource('../api/events');
    heard();
    source.addEventListener('error', () => lose('no connection'));
    listenTo('hello', (hello) => {
        if (hello.started !== loaded.started) begin(hello);
        setLive('live');
        catchUp(hello);
        refreshLists();
    });
    listenTo('figures', (figures) => {
        setLive('live');
        tell('figures', figures);
        catchUp(figures);
    });
    listenTo('configuration', (event) => { catchUp(event); happen({ kind: 'configuration', ...event }); });
    listenTo('container', (event) => { soon('containers', refreshContainers); happen({ kind: 'container', ...event }); });
    listenTo('containers', (event) => { soon('containers', refreshContainers); happen({ kind: 'containers', ...event }); });
    listenTo('health', (event) => { soon('routes', refreshRoutes); happen({ kind: 'health', ...event }); });
    listenTo('provider', (event) => { soon('containers', refreshContainers); happen({ kind: 'provider', ...event }); });
    listenTo('diagnostics', () => soon('diagnostics', refreshDiagnostics));
    listenTo('lost', () => { loaded.snapshot = loaded.inventory = loaded.diagnostics = -1; });
    listenTo('end', () => setLive('ending'));
}

/* Another run of the router: nothing of the last one holds. */
function begin(hello) {
    if (loaded.started) happen({ kind: 'restart' });
    Object.assign(loaded, { started: hello.started, snapshot: -1, inventory: -1, diagnostics: -1, requests: -1 });
    tell('begin');
}

function happen(event) {
    tell('happened', { at: new Date(), ...event });
}

/* ---- the documents ---- */

const SOON_MS = 100, work = new Map();

/*
 * Once for many events that come together, never twice at a time, and with more rest the longer it takes: a large configuration that
 * changes all the time does not keep the router busy with the page.
 */
function soon(name, refresh) {
    const job = work.get(name) || { waits: false, runs: false, again: false, took: 0 };
    work.set(name, job);
    if (job.waits) return;
    if (job.runs) { job.again = true; return; }
    job.waits = true;
    setTimeout(() => run(name, job, refresh), Math.max(SOON_MS, 2 * job.took));
}

async function run(name, job, refresh) {
    const begin = performance.now();
    Object.assign(job, { waits: false, runs: true, again: false });
    try {
        await refresh();
    } catch (error) {
        lose(error.message);
    }
    Object.assign(job, { runs: false, took: performance.now() - begin });
    if (job.again) soon(name, refresh);
}

/* What is named by another number than what is loaded is fetched. */
function catchUp(numbers) {
    if (numbers.snapshot !== undefined && numbers.snapshot !== loaded.snapshot) soon('routes', refreshRoutes);
    if (numbers.inventory !== undefined && numbers.inventory !== loaded.inventory) soon('containers', refreshContainers);
    if (numbers.diagnostics !== undefined && numbers.diagnostics !== loaded.diagnostics) soon('diagnostics', refreshDiagnostics);
}

async function refreshRoutes() {
    const [providers, outcomes] = await Promise.all([get('../api/providers'), get('../api/overview/frontends')]);
    store.providers = providers;
    store.outcomes = outcomes.frontends;
    loaded.snapshot = outcomes.snapshot;
    tell('routes');
}

async function refreshContainers() {
    const overview = await get('../api/overview'), document = await get('../api/containers');
    store.containers = document;
    loaded.inventory = overview.inventory; /* asked for before: what came between is fetched again */
    tell('containers');
}

async function refreshDiagnostics() {
    const document = await get('../api/diagnostics');
    store.diagnostics = document.diagnostics;
    loaded.diagnostics = document.changes;
    tell('diagnostics');
}

/* Totals, and the lists that requests make longer. */
async function refreshTotals() {
    const overview = await get('../api/overview');
    store.overview = overview;
    tell('overview');
    if (overview.requests === loaded.requests) return;
    const [errors, unserved] = await Promise.all([get('../api/errors'), get('../api/unserved')]);
    loaded.requests = overview.requests;
    store.errors = errors.errors;
    store.unserved = unserved;
    tell('errors');
    tell('unserved');
}

let lists = 0;

async function refreshLists() {
    clearTimeout(lists);
    try {
        if (!document.hidden && store.live === 'live') await refreshTotals();
    } catch { /* the stream of events says whether the router is there */ }
    lists = setTimeout(refreshLists, LISTS_EVERY_MS);
}

document.addEventListener('visibilitychange', () => { if (!document.hidden) refreshLists(); });
