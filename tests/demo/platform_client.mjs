// drives an exports API with Coveo's own client and prints what it was told, as JSON
import {PlatformClient, Environment} from '@coveo/platform-client';

const [host, accessToken, organizationId] = process.argv.slice(2);
const client = (options = {}) =>
    new PlatformClient({host, accessToken, organizationId, environment: Environment.prod, ...options});
const {exports: api, dimensions} = client().ua;
const range = {from: '2026-03-03T00:00:00.000Z', to: '2026-03-03T23:59:59.999Z'};

const ready = async (id) => {
    let found = await api.get(id);
    while (found.status === 'PENDING') {
        await new Promise((resolve) => setTimeout(resolve, 20));
        found = await api.get(id);
    }
    return found;
};
const refused = async (call) => {
    try {
        return await call();
    } catch ({status, title, detail, xRequestId}) {
        return {status, title, detail, xRequestId};
    }
};

const told = {
    empty: await api.list(),
    health: await api.checkHealth(),
    status: await api.checkStatus(),
    rowLimit: await api.getRowLimit(),
    estimate: await api.estimateRowsCount({...range, tables: ['SEARCHES', 'CLICKS']}),
    exportables: await dimensions.listExportableDimensions({includeCustom: true}),
    byQuery: await api.generate({
        ...range,
        tables: ['SEARCHES', 'CUSTOM_EVENTS'],
        f: ["(isInternal=='false')", "(country!='Japan')"],
        fc: ["(eventType=='facet')"],
        d: 'by query, with ümlaut & more',
        filename: 'by query',
        format: 'NO_NEWLINE',
        useDisplayNames: true,
    }),
    byBody: await api.generateExportWithBody({
        ...range,
        tables: ['KEYWORDS'],
        searchesFilters: ["(queryPipeline=='default')"],
        description: 'by body',
        exportFormat: 'EXCEL',
        dimensions: ['searchId', 'keyword'],
    }),
    quota: await refused(() => api.generate(range)),
};
told.ready = await ready(told.byBody.id);
told.list = await api.list();
told.link = await api.getExportDownloadLink(told.byBody.id);
const file = await fetch(told.link.downloadLink);
told.magic = Buffer.from(await file.arrayBuffer()).toString('latin1', 0, 2);
// follows the redirect to the storage, then fails to read a ZIP archive as JSON
told.followed = await api.get(told.byBody.id, true).catch((error) => error.name);
told.deleted = await api.delete(told.byQuery.id);
told.left = await api.list();
told.wrongRange = await refused(() => api.generate({from: range.to, to: range.from}));
told.wrongTable = await refused(() => api.generateExportWithBody({...range, tables: ['VISITS']}));
told.unknown = await refused(() => api.get('unknown'));
told.deletedTwice = await refused(() => api.delete(told.byQuery.id));
told.wrongKey = await refused(() => client({accessToken: 'wrong'}).ua.exports.list());
told.wrongOrg = await refused(() => client({organizationId: 'x'}).ua.exports.list());
console.log(JSON.stringify(told));
