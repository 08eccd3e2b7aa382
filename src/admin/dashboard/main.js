/* SPDX-License-Identifier: MIT */
/*
 * main - puts the parts together, says whether the page is live, and knows the keys: / searches, e explains, Escape clears.
 * Plain modules, served as they are: change one, build the program, load the page.
 */
import './theme.js';
import './history.js';
import './routes.js';
import './traffic.js';
import './frontends.js';
import './backends.js';
import './flow.js';
import './welcome.js';
import './containers.js';
import './trouble.js';
import './errors.js';
import './happened.js';
import { byId, setText } from './dom.js';
import { clockTime } from './format.js';
import { connect, on, store } from './store.js';

const PULSE = { connecting: ['', 'connecting'], live: ['live', 'live'], ending: ['lost', 'shutting down'], lost: ['lost', 'not reachable'] };

function showLive() {
    const [className, words] = PULSE[store.live], isLost = store.live === 'lost' || store.live === 'ending';
    byId('pulse').className = `pulse ${className}`;
    setText('pulse-words', words);
    byId('banner').hidden = !isLost;
    document.body.classList.toggle('lost', isLost);
    if (isLost) setText('banner', store.live === 'ending'
        ? 'The router is shutting down. What is shown may be out of date; the page connects again by itself.'
        : `The router is not reachable since ${clockTime(store.lostSince)} (${store.lostWhy}). What is shown may be out of date; trying again every two seconds.`);
}

on('live', showLive);

/* A link to a part of the page is there as long as that part is. */
for (const link of byId('parts').children) {
    const part = byId(link.hash.slice(1)), follow = () => { link.hidden = part.hidden; };
    new MutationObserver(follow).observe(part, { attributes: true, attributeFilter: ['hidden'] });
    follow();
}

const isTyping = () => /INPUT|SELECT|TEXTAREA/.test(document.activeElement.tagName);

document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape' && document.activeElement === byId('search')) {
        byId('search').value = '';
        byId('search').dispatchEvent(new Event('input'));
    }
    if (isTyping()) return;
    const target = { '/': 'search', e: 'explain-url' }[event.key];
    if (!target) return;
    event.preventDefault();
    byId(target).focus();
});

connect();
