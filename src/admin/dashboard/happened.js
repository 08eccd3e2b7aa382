/* SPDX-License-Identifier: MIT */
/* happened - what the events have told since the page was opened, latest first. */
import { byId, make } from './dom.js';
import { clockTime, plural } from './format.js';
import { on } from './store.js';

const KEPT = 60;

const WORDS = {
    restart: () => ['bad', 'router', 'was started anew'],
    configuration: (event) => ['', `configuration #${event.snapshot}`, `${plural(event.frontends, 'frontend')} in force` +
        (event.left_out ? `, ${event.left_out} left out` : '')],
    container: (event) => [event.state, event.name, event.state === 'gone' ? 'gone' : `${event.state}: ${event.reason}`],
    containers: (event) => ['', 'containers', `${event.changed} came, changed or went`],
    health: (event) => [event.state === 'down' ? 'rejected' : 'routed', event.check, event.state === 'down' ? 'fails its health check' : 'passes its health check'],
    provider: (event) => [event.connected ? 'routed' : 'rejected', 'Docker engine', event.connected ? 'connected' : `not reachable: ${event.error}`],
};

on('happened', (event) => {
    const [mood, name, words] = WORDS[event.kind](event), list = byId('happened-list');
    const row = make('li', '', make('time', 'when', clockTime(event.at)), make('i', `dot ${mood || 'neutral'}`),
                     make('span', 'what', make('b', '', name), ' ', words));
    list.prepend(row);
    while (list.children.length > KEPT) list.lastElementChild.remove();
    byId('happened').hidden = false;
});
