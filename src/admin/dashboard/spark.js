/* SPDX-License-Identifier: MIT */
/*
 * spark - small pictures of the last two minutes, as inline SVG: one or two lines over an area. A value of null is a gap. While there
 * is little to show, it has more room.
 */

export const SPARK_POINTS = 120;

const SVG = 'http://www.w3.org/2000/svg', WIDTH = 240, HEIGHT = 48, POINTS_MIN = 40;

function path(className) {
    const element = document.createElementNS(SVG, 'path');
    element.setAttribute('class', className);
    return element;
}

/* An empty one; `className` gives its colour. */
export function makeSpark(className) {
    const svg = document.createElementNS(SVG, 'svg');
    svg.setAttribute('class', `spark ${className}`);
    svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
    svg.setAttribute('preserveAspectRatio', 'none');
    svg.setAttribute('aria-hidden', 'true');
    svg.append(path('area'), path('stroke'), path('second'));
    return svg;
}

const place = (value, i, count, most) =>
    [WIDTH - (count - 1 - i) * WIDTH / (Math.max(count, POINTS_MIN) - 1), HEIGHT - 2 - value / most * (HEIGHT - 6)];

/* Pieces between gaps, as lists of points. */
function piecesOf(values, most) {
    const pieces = [];
    let piece = null;
    values.forEach((value, i) => {
        if (value === null || value === undefined) { piece = null; return; }
        if (!piece) pieces.push(piece = []);
        piece.push(place(value, i, values.length, most));
    });
    return pieces;
}

const point = ([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`;

/* A point by itself is a short dash. */
const line = (pieces) => pieces.map((piece) => `M${piece.map(point).join('L')}${piece.length === 1 ? 'h-2' : ''}`).join('');

const area = (pieces) => pieces.filter((piece) => piece.length > 1)
    .map((piece) => `M${piece.map(point).join('L')}L${piece[piece.length - 1][0].toFixed(1)} ${HEIGHT}L${piece[0][0].toFixed(1)} ${HEIGHT}Z`).join('');

export function drawSpark(svg, values, { least = 1, second = null } = {}) {
    const [filled, stroke, other] = svg.children;
    const most = Math.max(least, ...values.filter(Number.isFinite), ...(second || []).filter(Number.isFinite));
    const pieces = piecesOf(values, most);
    svg.classList.toggle('flat', values.every((value) => !value));
    filled.setAttribute('d', area(pieces));
    stroke.setAttribute('d', line(pieces));
    other.setAttribute('d', second ? line(piecesOf(second, most)) : '');
}
