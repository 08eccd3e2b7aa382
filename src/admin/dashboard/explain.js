/* SPDX-License-Identifier: MIT */
/*
 * explain - what is asked for and not served (/api/unserved), and the box that asks /api/explain about one request. Hosts and
 * paths come from strangers: they go into the page as text, never as markup.
 */
'use strict';

const UNSERVED_SHOWN = 20, UNSERVED_EVERY_MS = 5000;

async function explainRequest(url, method) {
    const query = new URLSearchParams({ format: 'text', url, method }), answer = byId('explain-answer');
    answer.hidden = false;
    try {
        const response = await fetch(`../api/explain?${query}`, { cache: 'no-store' });
        answer.textContent = await response.text();
    } catch (error) {
        answer.textContent = `The API could not be asked: ${error.message}`;
    }
}

function showUnservedHost(one) {
    const button = make('button', '', one.host || '(no host)'), url = `http://${one.host}${one.path}`;
    button.type = 'button';
    button.title = 'Explain this request';
    button.disabled = !one.host;
    button.addEventListener('click', () => {
        byId('explain-url').value = url;
        byId('explain-method').value = 'GET';
        explainRequest(url, 'GET');
        byId('explain').scrollIntoView({ block: 'center' });
    });
    const count = one.at_least < one.count ? `${number(one.at_least)}–${number(one.count)}` : number(one.count);
    return make('tr', '', make('td', 'num', count), make('td', 'host', button), make('td', 'path', one.path),
                make('td', 'near', one.nearest || ''), make('td', 'when', new Date(one.last).toLocaleTimeString()));
}

async function refreshUnserved() {
    try {
        if (!document.hidden) {
            const unserved = await get('../api/unserved'), rows = unserved.hosts.slice(0, UNSERVED_SHOWN);
            byId('unserved').hidden = rows.length === 0;
            setText('unserved-count', number(unserved.total));
            /* Only when something has changed: else a row that is being clicked on would go away. */
            const state = JSON.stringify(rows);
            if (state !== page.unservedShown) {
                page.unservedShown = state;
                byId('unserved-list').replaceChildren(...rows.map(showUnservedHost));
            }
        }
    } catch { /* the banner says that the API is not there */ }
    setTimeout(refreshUnserved, UNSERVED_EVERY_MS);
}

byId('explain').addEventListener('submit', (event) => {
    event.preventDefault();
    if (byId('explain-url').value.trim()) explainRequest(byId('explain-url').value.trim(), byId('explain-method').value);
});
refreshUnserved();
