/* SPDX-License-Identifier: MIT */
/* traffic - the tiles at the top: what all requests look like now, and since the start. */
import { byId, make, replaceWhenChanged, setText } from './dom.js';
import { age, bytes, milliseconds, number, percent, plural } from './format.js';
import { history, lately } from './history.js';
import { drawSpark, makeSpark } from './spark.js';
import { on, store } from './store.js';

const sparks = { rate: makeSpark('of-rate'), errors: makeSpark('of-errors'), latency: makeSpark('of-latency') };
for (const [name, spark] of Object.entries(sparks)) byId(`${name}-spark`).replaceChildren(spark);

function showFigures(figures) {
    const all = history.all, most = Math.max(...all.requests), now = lately(all);
    setText('rate', number(figures.requests));
    setText('rate-note', `highest ${number(most)} in two minutes · ${bytes(figures.bytes)}/s`);
    drawSpark(sparks.rate, all.requests);
    setText('error-ratio', percent(now.failed));
    const failed = all.failed.reduce((sum, value) => sum + value, 0);
    setText('error-note', failed ? `${number(failed)} × 5xx in two minutes` : 'no 5xx in two minutes');
    byId('error-ratio').classList.toggle('bad', now.failed > 0);
    drawSpark(sparks.errors, all.errors);
    setText('latency', milliseconds(now.p50));
    setText('latency-note', `p95 ${milliseconds(now.p95)} · p99 ${milliseconds(now.p99)}`);
    drawSpark(sparks.latency, all.p50, { second: all.p95 });
    setText('clients', number(figures.clients));
    setText('active', `${number(figures.active)} under way`);
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

function showOverview() {
    const overview = store.overview;
    setText('total', number(overview.requests));
    setText('total-of', overview.requests === 1 ? 'request' : 'requests');
    showClasses(overview.status);
    setText('snapshot', `#${overview.snapshot}`);
    setText('uptime', `up for ${age(overview.uptime_sec)} · ${plural(overview.workers, 'worker')}`);
    setText('version', overview.version);
    replaceWhenChanged('entrypoints', overview.entrypoints, () => overview.entrypoints.map((one) =>
        make('li', '', make('b', '', one.name), make('span', '', one.address))));
}

on('figures', showFigures);
on('overview', showOverview);
