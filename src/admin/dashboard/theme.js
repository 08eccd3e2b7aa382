/* SPDX-License-Identifier: MIT */
/* theme - colours: as the system has them, light or dark; the choice is remembered. */
import { byId, setText } from './dom.js';

const THEMES = ['auto', 'light', 'dark'];

function apply(theme) {
    if (theme === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    setText('theme', theme);
}

function remember(value) {
    try { /* storage may be forbidden */
        if (value !== undefined) localStorage.setItem('theme', value);
        return localStorage.getItem('theme');
    } catch { return null; }
}

apply(THEMES.includes(remember()) ? remember() : 'auto');
byId('theme').addEventListener('click', () => {
    const next = THEMES[(THEMES.indexOf(byId('theme').textContent) + 1) % THEMES.length];
    apply(next);
    remember(next);
});
