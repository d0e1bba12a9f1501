import { describe, expect, it, onTestFinished } from 'vitest';
import { createProcessIo } from '../../../src/cli/io.ts';
import { readSources } from '../../../src/cli/verb-settings.ts';
import { ConfigError } from '../../../src/errors.ts';
import { SECRET } from '../../helpers/deliver.ts';
import { createFakeIo, run } from './terminal.ts';

const readEnv = (content: string) => readSources(createFakeIo({ files: { '.env': content } }), null).envFile;

describe('the settings file', () => {
  it('is .env unless another one is named', () => {
    const io = createFakeIo({ files: { '.env': 'PORT=1', '/etc/reactor.env': 'PORT=2' } });
    expect(readSources(io, null).envFile).toEqual({ PORT: '1' });
    expect(readSources(io, '/etc/reactor.env').envFile).toEqual({ PORT: '2' });
  });

  it('may be missing when it isn’t named', () => {
    expect(readSources(createFakeIo(), null).envFile).toEqual({});
  });

  it.each([
    [null, 'EACCES', '.env'],
    [null, 'EISDIR', '.env'],
    ['/none', 'ENOENT', '/none'],
  ])('that can’t be read is a mistake (%s, %s)', (named, errno, path) => {
    const io = createFakeIo({ files: { [path]: { errno } } });
    const read = () => readSources(io, named);
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(`The settings file ${path} can’t be read (${errno}): check --env-file`);
  });

  it('may have comments, quotes and Windows’ line ends', () => {
    expect(readEnv('# why\r\nPORT=1 # here\r\n\r\nexport HOST="localhost"\r\nLOG_LEVEL=\'debug\'')).toEqual({
      PORT: '1',
      HOST: 'localhost',
      LOG_LEVEL: 'debug',
    });
  });

  it('may begin with a byte order mark', () => {
    expect(readEnv('\uFEFFLINQ_API_KEY=abc')).toEqual({ LINQ_API_KEY: 'abc' });
  });
});

describe('what is odd about the settings file', () => {
  const lookAt = (content: string) => readSources(createFakeIo({ files: { '.env': content } }), null);

  it('is UTF-16, named as the cause', () => {
    const text = Buffer.from('\uFEFFPORT=1\n', 'utf16le').toString('utf8');
    expect(lookAt(text).envFileMistakes).toEqual(['.env isn’t UTF-8 text (is it UTF-16?): save it as UTF-8']);
  });

  it('is a # in a value of ours without a space before it, or what follows a closing quote; what it was isn’t told', () => {
    const { envFileWarnings } = lookAt(
      'STATUS_TOKEN=abc#def\nFOREIGN=a#b\nLINQ_API_KEY_FILE="/a" b\nPORT=1 # fine',
    );
    expect(envFileWarnings).toEqual([
      expect.stringMatching(/^\.env, line 1: the value of STATUS_TOKEN is cut short, since # begins/),
      expect.stringMatching(/^\.env, line 3: the value of LINQ_API_KEY_FILE is cut short/),
    ]);
    expect(JSON.stringify(envFileWarnings)).not.toMatch(/abc|def/);
  });

  it('is a mistake or a warning of config check', async () => {
    const needed = `LINQ_API_KEY=abc\nLINQ_WEBHOOK_SECRET=${SECRET}\n`;
    const cut = await run('config check', {
      files: { '.env': `${needed}STATUS_TOKEN=a-token-of-sixteen#and more\n` },
    });
    expect(cut).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^warning: \.env, line 3: the value of STATUS_TOKEN is cut short/),
    });
    const wide = await run('config check', {
      files: { '.env': Buffer.from(needed, 'utf16le').toString('utf8') },
    });
    expect(wide).toMatchObject({ code: 3, err: expect.stringMatching(/\.env isn’t UTF-8 text/) });
  });
});

it('the environment is passed on as it is', () => {
  const env = { PORT: ' 1 ', OTHER: 'x' };
  expect(readSources(createFakeIo({ env }), null).env).toEqual(env);
});

describe('the width of the terminal', () => {
  it('follows it, and is 80 where it isn’t known', () => {
    const known = Object.getOwnPropertyDescriptor(process.stdout, 'columns');
    onTestFinished(() => {
      if (known === undefined) Reflect.deleteProperty(process.stdout, 'columns');
      else Object.defineProperty(process.stdout, 'columns', known);
    });
    const { stdout } = process;
    const io = createProcessIo();
    const widths = [undefined, 0, 100, 40].map((columns) => {
      Object.defineProperty(stdout, 'columns', { configurable: true, value: columns });
      return io.columns;
    });
    expect(widths).toEqual([80, 80, 100, 40]);
  });
});
