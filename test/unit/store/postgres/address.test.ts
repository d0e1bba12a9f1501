import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readAddress } from '../../../../src/store/postgres/address.ts';

const tlsOf = (address: string) => readAddress(address).ssl as false | ConnectionOptions;

describe('the address of a PostgreSQL database', () => {
  it('is read as libpq reads it', () => {
    expect(
      readAddress('postgresql://us%40er:p%2Fa%3As%25@db.example.com:6000/my%2Fdata%20base'),
    ).toMatchObject({
      host: 'db.example.com',
      port: 6000,
      user: 'us@er',
      password: 'p/a:s%',
      database: 'my/data base',
    });
  });

  it.each([
    ['postgres:///reactor?host=/run/postgresql&user=reactor', { host: '/run/postgresql', user: 'reactor' }],
    ['postgres://reactor@%2Frun%2Fpostgresql/reactor', { host: '/run/postgresql', user: 'reactor' }],
    ['postgres://reactor@/reactor?host=/run/postgresql&port=6000', { host: '/run/postgresql', port: 6000 }],
    ['postgres:///reactor', { host: 'localhost', database: 'reactor' }],
    ['postgres://[::1]:5433/reactor', { host: '::1', port: 5433 }],
    ['postgres://a@b/c?user=d&password=e&host=localhost', { user: 'd', password: 'e', host: 'localhost' }],
    ['postgres://localhost/c?application_name=mine', { application_name: 'mine' }],
    ['postgres://localhost/c?user=a+b&password=c+d%20e', { user: 'a+b', password: 'c+d e' }],
    ['postgres://a+b:c+d@localhost/e+f', { user: 'a+b', password: 'c+d', database: 'e+f' }],
    ['postgres://localhost/c?options=-c%20geqo%3Doff', { options: '-c geqo=off' }],
    ['postgres://localhost/c?connect_timeout=10', { connectionTimeoutMillis: 10_000 }],
  ])('has its parts wherever they are: %s', (address, parts) => {
    expect(readAddress(address)).toMatchObject(parts);
  });

  it('leaves to pg what it does not say, and nothing to PGHOST', () => {
    const address = readAddress('postgres://localhost');
    for (const name of ['user', 'password', 'database', 'port', 'options'])
      expect(address).not.toHaveProperty(name);
    expect(address.host).toBe('localhost');
  });

  it.each([
    'postgres://localhost/reactor',
    'postgres://127.0.0.1/reactor',
    'postgres://[::1]/reactor',
    'postgres://db.example.com/reactor?sslmode=disable',
    'postgres:///reactor?host=/run/postgresql',
    'postgres:///reactor?host=/run/postgresql&sslmode=require',
  ])('is used without TLS: %s', (address) => {
    expect(tlsOf(address)).toBe(false);
  });

  it.each([
    'postgres://db.example.com/reactor',
    'postgres://10.0.0.5/reactor',
    'postgres://localhost.example.com/reactor',
    'postgres://localhost/reactor?sslmode=verify-full',
    'postgres://db.example.com/reactor?sslmode=verify-full',
    'postgres://db.example.com/reactor?sslrootcert=system',
    'postgres://db.example.com/reactor?sslmode=require&sslrootcert=system',
    'postgres://db.example.com/reactor?sslmode=require&channel_binding=require',
  ])('is used with TLS whose certificate is checked by the authorities of Node.js: %s', (address) => {
    expect(tlsOf(address)).toEqual({});
  });

  it('has no certificate checked if it says so', () => {
    expect(tlsOf('postgres://db.example.com/reactor?sslmode=require')).toEqual({ rejectUnauthorized: false });
  });

  it('names the files of an authority, a certificate and a key', () => {
    const directory = mkdtempSync(join(tmpdir(), 'reactor-address-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const file = (name: string) => {
      writeFileSync(join(directory, name), `the ${name}`);
      return join(directory, name);
    };
    const [ca, cert, key] = [file('ca'), file('cert'), file('key')];
    const address = `postgres://db.example.com/reactor?sslrootcert=${ca}`;
    expect(tlsOf(address)).toEqual({ ca: 'the ca' });
    expect(tlsOf(`${address}&sslcert=${cert}&sslkey=${key}`)).toEqual({
      ca: 'the ca',
      cert: 'the cert',
      key: 'the key',
    });
    for (const mode of ['require', 'verify-ca'])
      expect(tlsOf(`${address}&sslmode=${mode}`)).toEqual({
        ca: 'the ca',
        checkServerIdentity: expect.any(Function),
      });
  });

  it('names a file that is not there: says so, without the address', () => {
    const read = () => readAddress('postgres://a:secret@db.example.com/reactor?sslrootcert=/missing.pem');
    expect(read).toThrow('the file of sslrootcert in DATABASE_URL can’t be read (ENOENT)');
    expect(read).not.toThrow('secret');
  });

  it.each(['postgres://reactor:secret@[/db', 'mysql://reactor:secret@127.0.0.1/db', ''])(
    'is none, which is said without it: %s',
    (address) => {
      expect(() => readAddress(address)).toThrow(
        /^DATABASE_URL must look like postgres:\/\/user@host\/database$/,
      );
    },
  );
});
