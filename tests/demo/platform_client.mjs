// calls an exports API with Coveo's own client and prints what each call returned, as JSON
import {PlatformClient, Environment} from '@coveo/platform-client';

const [host, accessToken, organizationId] = process.argv.slice(2);
const client = (options = {}) =>
    new PlatformClient({host, accessToken, organizationId, environment: Environment.prod, ...options});
const {exports: api, dimensions} = client().ua;
const range = {from: '2026-03-03T00:00:00.000Z', to: '2026-03-03T23:59:59.999Z'};

const waitFor = async (id) => {
    let answer = await api.get(id);
    while (answer.status === 'PENDING') {
        await new Promise((resolve) => setTimeout(resolve, 20));
        answer = await api.get(id);
    }
    return answer;
};
const refused = async (call) => {
    try {
        return await call();
    } catch ({status, title, detail, xRequestId}) {
        return {status, title, detail, xRequestId};
    }
};

const answers = {
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
answers.ready = await waitFor(answers.byBody.id);
answers.list = await api.list();
answers.link = await api.getExportDownloadLink(answers.byBody.id);
const file = await fetch(answers.link.downloadLink);
answers.magic = Buffer.from(await file.arrayBuffer()).toString('latin1', 0, 2);
// follows the redirect to the storage, then fails to read a ZIP archive as JSON
answers.followed = await api.get(answers.byBody.id, true).catch((error) => error.name);
answers.deleted = await api.delete(answers.byQuery.id);
answers.left = await api.list();
answers.wrongRange = await refused(() => api.generate({from: range.to, to: range.from}));
answers.wrongTable = await refused(() => api.generateExportWithBody({...range, tables: ['VISITS']}));
answers.unknown = await refused(() => api.get('unknown'));
answers.deletedTwice = await refused(() => api.delete(answers.byQuery.id));
answers.wrongKey = await refused(() => client({accessToken: 'wrong'}).ua.exports.list());
answers.wrongOrg = await refused(() => client({organizationId: 'x'}).ua.exports.list());
console.log(JSON.stringify(answers));
