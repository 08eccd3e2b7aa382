/* SPDX-License-Identifier: MIT */
/*
 * dom - how everything gets into the page: as text, never as markup, since names come from labels and paths from strangers.
 */

export const byId = (id) => document.getElementById(id);

/* make('b', 'class', 'text' or child...) */
export function make(tag, className, ...children) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    element.append(...children);
    return element;
}

export function makeButton(className, text, pressed) {
    const button = make('button', className, text);
    button.type = 'button';
    button.addEventListener('click', pressed);
    return button;
}

export function makeLink(text, href) {
    const link = make('a', '', text);
    link.href = href;
    return link;
}

export function setText(id, text) {
    const element = byId(id);
    if (element.textContent !== text) element.textContent = text;
}

const drawn = new Map();

/* Puts `children` there only when `state` is another one than last time: else what is being clicked on would go away. */
export function replaceWhenChanged(id, state, children) {
    const key = JSON.stringify(state);
    if (drawn.get(id) === key) return;
    drawn.set(id, key);
    byId(id).replaceChildren(...children());
}

/* What a click on "show more" adds: all at once would be more than a browser redraws without a pause. */
export const SHOW_MORE = 200;

/* A list that keeps what is open in it: <details> whose dataset.id stays the same. */
export function fill(listId, moreId, all, shown, show) {
    const open = new Set([...byId(listId).querySelectorAll('details[open]')].map((one) => one.dataset.id));
    const focused = document.activeElement && document.activeElement.closest && document.activeElement.closest(`#${listId} [data-id]`);
    const elements = all.slice(0, shown).map(show);
    for (const element of elements) if (open.has(element.dataset.id)) element.open = true;
    byId(listId).replaceChildren(...(elements.length ? elements : [make('p', 'nothing', 'None.')]));
    byId(moreId).hidden = all.length <= shown;
    setText(moreId, all.length - shown > SHOW_MORE ? `Show ${SHOW_MORE} more of ${all.length}` : `Show all ${all.length}`);
    if (!focused) return;
    const again = elements.find((element) => element.dataset.id === focused.dataset.id);
    if (again) (again.querySelector('summary') || again).focus({ preventScroll: true });
}

/* A name and where it is from, for the first cell of a row. */
export function makeName(mood, name, from) {
    const words = make('span', '', make('b', '', name), ...(from ? [' ', make('span', 'from', from)] : []));
    words.title = name;
    return make('div', 'name', make('i', mood ? `dot ${mood}` : 'dot'), words);
}

/* For who hears the page instead of seeing it: what the column's head says. */
export const spoken = (text) => make('span', 'hidden', `${text} `);

/* Brings an element into view, and the eye to it. */
export function show(element) {
    if (!element) return;
    if (element.tagName === 'DETAILS') element.open = true;
    element.scrollIntoView({ block: 'center' });
    (element.querySelector('summary') || element).focus({ preventScroll: true });
    element.classList.remove('flash');
    void element.offsetWidth; /* starts the animation anew */
    element.classList.add('flash');
}

/* Every word is to be there. */
export const wordsOf = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);
export const hasWords = (text, words) => words.every((word) => text.includes(word));
