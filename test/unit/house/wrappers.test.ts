import { describe, expect, it } from 'vitest';
import type { CompiledScript } from '../../house/journeys.ts';
import { parametersOf, wrappersOf } from '../../house/wrappers.ts';

const PACKAGE = 'file:///node_modules/sqlite.js';

/** A script with the extents of the functions whose texts are given; each stands in it once. */
function script(source: string, ...functions: readonly string[]): CompiledScript {
  return {
    source,
    functions: functions.map((text) => {
      const start = source.indexOf(text);
      return { start, end: start + text.length };
    }),
  };
}

const CALLER = 'async function commit(all){return await store.record(all)}';
const TIMED = 'async function timed(work){start();return await work()}';
const RECORD = 'record(all){return timed(()=>store.record(all))}';
const INNER = '()=>store.record(all)';
const METHOD = 'record(all){return guarded(()=>write(()=>put(all)))}';
const GUARDED = 'function guarded(body){try{return body()}catch(e){throw wrap(e)}}';
const WRITE = 'function write(body){const flushed=sql.transaction(()=>{body()});return flushed.immediate()}';
const IN_WRITE = '()=>{body()}';
const PUT = 'function put(all){insert.run(all)}';

const SCRIPTS = new Map([
  ['app.ts', script(CALLER, CALLER)],
  ['measured.ts', script(`${TIMED};const store2={${RECORD}}`, TIMED, RECORD, INNER)],
  [
    'sqlite.ts',
    script(
      `${GUARDED};${WRITE};${PUT};const store3={${METHOD}}`,
      ...[GUARDED, WRITE, IN_WRITE, PUT, METHOD, '()=>write(()=>put(all))', '()=>put(all)'],
    ),
  ],
]);

/** A frame at the call that is written so in the script. */
function at(url: string, name: string, call: string) {
  const source = SCRIPTS.get(url)?.source ?? '';
  const after = call.lastIndexOf('^');
  return { url, name, position: source.indexOf(call.replace('^', '')) + after };
}

describe('wrappers', () => {
  it('are the functions that only run what they were handed, those within one another once', () => {
    const outermostFirst = [
      at('app.ts', 'commit', 'await store.^record(all)'),
      at('measured.ts', 'record', '^timed(()=>'),
      at('measured.ts', 'timed', '^work()'),
      at('measured.ts', '', '()=>store.^record'),
      at('sqlite.ts', 'record', '^guarded(()=>'),
      at('sqlite.ts', 'guarded', 'return ^body()'),
      at('sqlite.ts', '', '^write(()=>'),
      at('sqlite.ts', 'write', 'flushed.^immediate()'),
      { url: PACKAGE, name: 'transaction', position: 3 },
      at('sqlite.ts', '', '{^body()}'),
      at('sqlite.ts', '', '^put(all)))}'),
      at('sqlite.ts', 'put', 'insert.^run(all)'),
    ];
    expect(wrappersOf(outermostFirst.reverse(), SCRIPTS)).toEqual([
      'measured.ts timed',
      'measured.ts record',
      'sqlite.ts guarded',
      'sqlite.ts write',
    ]);
  });

  it('are none where the caller runs the statement', () => {
    const stack = [
      at('sqlite.ts', 'put', 'insert.^run(all)'),
      at('app.ts', 'commit', 'await store.^record(all)'),
    ];
    expect(wrappersOf(stack, SCRIPTS)).toEqual([]);
  });
});

describe('parameters', () => {
  it.each([
    { text: 'function f(a,b){}', names: ['a', 'b'] },
    { text: 'async(...args)=>{}', names: ['args'] },
    { text: 'body=>body()', names: ['body'] },
    { text: 'name({a,b},c){}', names: ['a', 'b', 'c'] },
    { text: '()=>x()', names: [] },
  ])('of $text are read from its head', ({ text, names }) => {
    expect(parametersOf(text)).toEqual(names);
  });
});
