import { describe, expect, it } from 'vitest';
import { explainStartFailure } from '../../../src/cli/start-failure.ts';
import { StartError, StoreError } from '../../../src/errors.ts';

const places = { databasePath: './data/reactor.db', port: 8080 };
const system = (code: string, syscall: string, path?: string) =>
  Object.assign(new Error(`${syscall} ${code}`), { code, syscall, ...(path === undefined ? {} : { path }) });

describe('a start that fails', () => {
  it.each([
    [system('EADDRINUSE', 'listen'), /^Port 8080 is taken by another program: .* set PORT /],
    [system('EACCES', 'listen'), /^Port 8080 is not for an ordinary user: set PORT /],
    [system('EADDRNOTAVAIL', 'listen'), /^HOST is no address of this machine \(EADDRNOTAVAIL\): set HOST=/],
    [system('ENOTFOUND', 'getaddrinfo'), /^HOST is no address of this machine \(ENOTFOUND\): set HOST=/],
    [system('EAI_AGAIN', 'getaddrinfo'), /^HOST is no address of this machine \(EAI_AGAIN\): set HOST=/],
    [system('EMFILE', 'listen'), /^Can't listen on port 8080 \(EMFILE\): check HOST and PORT\.$/],
    [system('ENOSPC', 'write'), /^The disk of \.\/data\/reactor\.db is full: make room, then start again\.$/],
    [
      system('EACCES', 'open', 'data/reactor.db.cli-token'),
      /^Can't write data\/reactor.db.cli-token \(EACCES\): check its owner/,
    ],
    [
      new StoreError('readonly', 'it may not be written to; check owner and mode'),
      /^Can't use the database \.\/data\/reactor\.db: it may not be written to; check owner and mode\.$/,
    ],
  ])('because of %s is explained in one sentence', (cause, sentence) => {
    const explained = explainStartFailure(cause, places);
    expect(explained).toBeInstanceOf(StartError);
    expect(explained).toMatchObject({
      code: 'REACTOR_START',
      message: expect.stringMatching(sentence),
      cause,
    });
    expect(String(explained)).not.toContain('\n');
  });

  it.each([new TypeError('x is not a function'), system('EBADF', 'close'), 'text', undefined])(
    'because of something unforeseen (%s) is passed on as it is',
    (cause) => {
      expect(explainStartFailure(cause, places)).toBe(cause);
    },
  );
});
