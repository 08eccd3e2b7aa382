// SPDX-License-Identifier: MIT
// browser - Chromium by order: a line of JSON on stdin says what to do, a line of JSON on stdout what came of it.
// `node browser.mjs FOLDER` finds playwright-core in FOLDER/node_modules. Everything the pages asked for, said on the console, or
// threw is kept: {"do":"seen"} tells.
import { createRequire } from 'node:module';
import readline from 'node:readline';

const { chromium } = createRequire(`${process.argv[2]}/`)('playwright-core');
const POLL_MS = 25;
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
               '--disable-component-update', '--disable-sync', '--disable-domain-reliability', '--font-render-hinting=none'];

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', headless: true, args: FLAGS });
const seen = { requests: [], console: [], errors: [], policy: [] };
let page = null;

const orders = {
    /* A page of its own, with its own storage. */
    async open({ url, width = 1380, height = 900, dark = false, touch = false }) {
        if (page) await page.context().close();
        const context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? 'dark' : 'light', hasTouch: touch,
                                                   locale: 'en-GB', timezoneId: 'UTC' });
        page = await context.newPage();
        page.on('request', (request) => seen.requests.push(request.url()));
        page.on('console', (message) => { if (message.type() !== 'log') seen.console.push(message.text()); });
        page.on('pageerror', (error) => seen.errors.push(String(error)));
        await page.exposeFunction('tellPolicy', (words) => seen.policy.push(words));
        await page.addInitScript(() => document.addEventListener('securitypolicyviolation', (event) => window.tellPolicy(`${event.violatedDirective}: ${event.blockedURI}`)));
        await page.goto(url);
    },
    async reload() { await page.reload(); },
    ask: ({ js }) => page.evaluate(js),
    async wait({ js, ms = 8000 }) {
        for (const end = Date.now() + ms; ;) {
            const value = await page.evaluate(js);
            if (value) return value;
            if (Date.now() > end) throw new Error(`in ${ms} ms it did not become true: ${js}`);
            await new Promise((go) => setTimeout(go, POLL_MS));
        }
    },
    click: ({ on }) => page.click(on, { timeout: 5000 }),
    write: ({ on, text }) => page.fill(on, text),
    press: ({ key }) => page.keyboard.press(key),
    colours: ({ dark }) => page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' }),
    size: ({ width, height }) => page.setViewportSize({ width, height }),
    async shoot({ path, whole = false }) { await page.screenshot({ path, fullPage: whole }); },
    seen: () => seen,
};

for await (const line of readline.createInterface({ input: process.stdin })) {
    const order = JSON.parse(line);
    let answer;
    try {
        answer = { is: (await orders[order.do](order)) ?? null };
    } catch (error) {
        answer = { failed: String(error).slice(0, 2000) };
    }
    process.stdout.write(JSON.stringify(answer) + '\n');
}
await browser.close();
