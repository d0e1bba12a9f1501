import { describe, expect, it } from 'vitest';
import { readSources } from '../../../src/cli/io.ts';
import { ConfigError } from '../../../src/errors.ts';
import { createFakeIo } from './terminal.ts';

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
    expect(read).toThrow(`The settings file ${path} can't be read (${errno}): check --env-file`);
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

it('the environment is passed on as it is', () => {
  const env = { PORT: ' 1 ', OTHER: 'x' };
  expect(readSources(createFakeIo({ env }), null).env).toEqual(env);
});
