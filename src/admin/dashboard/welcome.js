/* SPDX-License-Identifier: MIT */
/* welcome - what to do while nothing is routed: it goes by the providers that are on, and by what the engine has. */
import { byId, make, makeLink, replaceWhenChanged } from './dom.js';
import { plural } from './format.js';
import { routes } from './routes.js';
import { on, store } from './store.js';

const LABELS = 'docker run -d --label traefik.enable=true \\\n    --label traefik.frontend.rule=Host:hello.example nginx';
const RULES = '[backends.hello.servers.one]\nurl = "http://10.0.0.5:8000"\n\n[frontends.hello]\nbackend = "hello"\n' +
              '[frontends.hello.routes.main]\nrule = "Host:hello.example"';

const says = (...words) => make('p', '', ...words);
const shows = (text) => make('pre', '', text);

/* ":80" or "10.0.0.1:8000" of an entrypoint, as this page reaches it. */
function placeOf(address) {
    const colon = address.lastIndexOf(':'), port = address.slice(colon + 1);
    return location.hostname + (port === '80' ? '' : `:${port}`);
}

/* Those for whom a name leads nowhere yet can see whether it works. */
function trial() {
    const entrypoint = store.overview && store.overview.entrypoints[0];
    return entrypoint ? [says('Then ask for it, before its name leads here:'),
                         shows(`curl -H 'Host: hello.example' http://${placeOf(entrypoint.address)}/`)] : [];
}

function stepsOfEngine(engine, containers) {
    if (!engine.connected) return [says('As soon as the Docker engine answers, its containers appear here.')];
    if (containers.length === 0)
        return [says('The Docker engine is connected and has no containers. Start one with a rule, and it appears here without a restart:'), shows(LABELS), ...trial()];
    return [says(`The Docker engine is connected. It has ${plural(containers.length, 'container')}, and none is routed: `,
                 makeLink('the list', '#containers'), ' says why, for each one. What makes one routed is a label or two:'), shows(LABELS), ...trial()];
}

function steps() {
    const engine = store.containers && store.containers.provider;
    if (engine) return stepsOfEngine(engine, store.containers.containers);
    if ('file' in store.providers) return [says('Write a rule into the file, and it is followed as soon as it is saved:'), shows(RULES), ...trial()];
    if ('rest' in store.providers) return [says('Routes come by ', make('code', '', 'PUT /api/providers/rest'), ', as the JSON of 1.7.')];
    return [says('No provider is on, so nobody says what is to be routed. Start the router with one:'),
            shows('waybill --api --docker --docker.exposedByDefault=false'), shows('waybill --api --file.directory=/etc/waybill/rules')];
}

let seen = false;

function render() {
    byId('welcome').hidden = !seen || routes.frontends.length > 0;
    if (byId('welcome').hidden) return;
    const { containers, providers, overview } = store;
    replaceWhenChanged('welcome-steps', [Object.keys(providers), overview && overview.entrypoints, containers && [containers.provider && containers.provider.connected, containers.containers.length]], steps);
}

on('routes', () => { seen = true; render(); });
on('containers', render);
on('overview', render);
