import { request } from 'undici';

export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface MetricFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
}

/** Scrapes the service. @throws unless it is answered 200 */
export async function scrape(url: string, token: string) {
  const headers = { authorization: `Bearer ${token}` };
  const { statusCode, body } = await request(`${url}/metrics`, { headers, reset: true });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`GET /metrics: ${statusCode} ${text}`);
  return { text, ...parseMetrics(text) };
}

/** What a scrape tells. @throws when it isn't Prometheus' text format, as far as we use it */
export function parseMetrics(text: string) {
  const families = new Map<string, { name: string; type: string; help: string }>();
  const samples: MetricSample[] = [];
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const comment = /^# (HELP|TYPE) (\w+) (.*)$/.exec(line);
    const sample = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (comment !== null) {
      const [, kind = '', name = '', words = ''] = comment;
      const family = families.get(name) ?? { name, type: '', help: '' };
      families.set(name, kind === 'HELP' ? { ...family, help: words } : { ...family, type: words });
    } else if (sample !== null) {
      const [, name = '', labels = '', value = ''] = sample;
      samples.push({ name, labels: parseLabels(labels), value: Number(value) });
    } else throw new Error(`neither comment nor sample: ${line}`);
  }
  /** @throws unless there is exactly one such sample; the labels have to be all it has */
  function sampleOf(name: string, labels: Readonly<Record<string, string>> = {}): number {
    const found = samples.filter((one) => one.name === name && isSame(one.labels, labels));
    const [first] = found;
    if (first === undefined || found.length > 1)
      throw new Error(`${found.length} × ${name} ${JSON.stringify(labels)}`);
    return first.value;
  }
  return { families: [...families.values()] as readonly MetricFamily[], samples, sampleOf };
}

function parseLabels(text: string): Record<string, string> {
  const pairs = [...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"(?:,|$)/g)];
  return Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value]));
}

function isSame(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
