/* SPDX-License-Identifier: MIT */
/* format - numbers, sizes, durations and times as people read them. */

export function number(value) {
    if (value >= 1e9) return (value / 1e9).toFixed(2) + ' G';
    if (value >= 1e6) return (value / 1e6).toFixed(2) + ' M';
    if (value >= 1e4) return (value / 1e3).toFixed(1) + ' k';
    return value >= 100 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(1);
}

export const plural = (count, noun) => `${number(count)} ${noun}${count === 1 ? '' : 's'}`;

export function bytes(value) {
    const units = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];
    let unit = 0;
    for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
    return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

export function milliseconds(value) {
    if (value === null || value === undefined) return '–';
    if (value < 1) return `${Math.round(value * 1000)} µs`;
    if (value < 1000) return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
    return `${(value / 1000).toFixed(value < 10000 ? 2 : 1)} s`;
}

/* A part of all: none, less than one in a thousand, or so many of a hundred. null: of nothing. */
export function percent(part) {
    if (part === null) return '–';
    if (!part) return '0 %';
    if (part < 0.001) return '<0.1 %';
    return `${(part * 100).toFixed(part < 0.1 ? 1 : 0)} %`;
}

export function age(seconds) {
    const parts = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
    let at = parts.findIndex(([size]) => seconds >= size);
    if (at < 0) at = 3;
    const first = Math.floor(seconds / parts[at][0]), rest = seconds - first * parts[at][0];
    const second = at < 3 ? Math.floor(rest / parts[at + 1][0]) : 0;
    return `${first} ${parts[at][1]}` + (second ? ` ${second} ${parts[at + 1][1]}` : '');
}

export const clockTime = (date) => new Date(date).toLocaleTimeString(undefined, { hour12: false });
