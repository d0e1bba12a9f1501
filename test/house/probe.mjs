// Loaded into the service before its first module: reports to its parent which functions ran, and who asked the database.
import { subscribe } from 'node:diagnostics_channel';
import { Session } from 'node:inspector';
import { createRequire } from 'node:module';

const session = new Session();
session.connect();

/** The inspector answers at once when it is asked from the thread that it looks at. */
function ask(method, params = {}) {
  let answer;
  session.post(method, params, (error, result) => {
    if (error) throw new Error(`${method}: ${error.message}`);
    answer = result;
  });
  return answer;
}

const scripts = new Map();
session.on('Debugger.scriptParsed', ({ params }) => scripts.set(params.url, params.scriptId));
ask('Profiler.enable');
ask('Profiler.startPreciseCoverage', { callCount: true, detailed: true });

/** The functions that ran since the last time. */
const takeCoverage = () =>
  ask('Profiler.takePreciseCoverage').result.filter(({ url }) => url.startsWith('file:'));

/** What ran while the next delivery was answered, from its request until the answer was handed over; null: not asked for. */
let answering = null;
const isDelivery = ({ request }) => request.method === 'POST' && request.url.startsWith('/webhooks/linq');
subscribe('http.server.request.start', (message) => {
  if (answering !== null && isDelivery(message)) takeCoverage();
});
subscribe('http.server.response.finish', (message) => {
  if (answering !== null && isDelivery(message)) answering = takeCoverage();
});

/** Call stacks at which statements ran, by their text; null: nobody wants to know. */
let stacks = null;

const Database = createRequire(process.env.HOUSE_ROOT)('better-sqlite3');
const database = new Database(':memory:');
const statement = database.prepare('SELECT 1');
globalThis[Symbol.for('house.kept')] = [database, statement]; // some versions of Node.js abort when these are collected
const prototype = Object.getPrototypeOf(statement);
for (const name of ['run', 'get', 'all']) {
  const original = prototype[name];
  prototype[name] = function (...args) {
    if (stacks !== null) {
      const frames = readStack();
      stacks.set(JSON.stringify(frames), frames);
    }
    return original.apply(this, args);
  };
}

/** Innermost first. */
function readStack() {
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.stackTraceLimit = 200;
  Error.prepareStackTrace = (_error, sites) =>
    sites.map((site) => ({
      url: site.getFileName() ?? '',
      name: site.getFunctionName() ?? '',
      position: site.getPosition(),
    }));
  const frames = new Error().stack;
  Object.assign(Error, { prepareStackTrace, stackTraceLimit });
  return frames;
}

const QUESTIONS = {
  coverage: takeCoverage,
  watchAnswering() {
    answering = [];
    return null;
  },
  answering() {
    const seen = answering ?? [];
    answering = null;
    return seen;
  },
  watchStatements() {
    stacks = new Map();
    return null;
  },
  statements() {
    const seen = [...(stacks ?? new Map()).values()];
    stacks = null;
    return seen;
  },
  sources(urls) {
    ask('Debugger.enable');
    const read = (url) => ask('Debugger.getScriptSource', { scriptId: scripts.get(url) }).scriptSource;
    const sources = urls.filter((url) => scripts.has(url)).map((url) => [url, read(url)]);
    ask('Debugger.disable');
    return sources;
  },
};

process.on('message', ({ id, question, args }) => process.send({ id, answer: QUESTIONS[question](...args) }));
process.channel.unref();
