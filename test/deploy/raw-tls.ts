import { connect as connectHttp2 } from 'node:http2';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';
import { sign } from '../helpers/deliver.ts';
import { PATH } from './asking.ts';
import type { FrontProxy } from './proxy.ts';

function connect(proxy: FrontProxy, options: ConnectionOptions = {}): TLSSocket {
  const port = Number(new URL(proxy.url).port);
  const socket = connectTls({
    host: '127.0.0.1',
    port,
    servername: 'localhost',
    ca: proxy.authority(),
    ...options,
  });
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** The status that a delivery over HTTP/2 is answered with. */
export async function postOverHttp2(proxy: FrontProxy, body: Buffer): Promise<number> {
  const session = connectHttp2(proxy.url, {
    createConnection: () => connect(proxy, { ALPNProtocols: ['h2'] }),
  });
  onTestFinished(() => session.destroy());
  const stream = session.request({ ':method': 'POST', ':path': PATH, ...sign(body, { at: Date.now() }) });
  stream.end(body);
  return new Promise((resolve, reject) => {
    stream.on('response', (headers) => resolve(Number(headers[':status']))).on('error', reject);
  });
}

/** The status that a body of so many bytes is answered with, whether or not all of them are taken. */
export function statusOfHuge(proxy: FrontProxy, bytes: number): Promise<number> {
  const socket = connect(proxy);
  const head = `POST ${PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${bytes}`;
  socket.on('error', () => {}); // it may end before all was sent
  socket.write(`${head}\r\n\r\n`);
  socket.write(Buffer.alloc(bytes, 0x20));
  return new Promise((resolve) => {
    socket.once('data', (data) => resolve(Number(String(data).split(' ')[1])));
  });
}

type Version = 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

/** The version that was agreed on when this one alone is offered, or why none was. */
export function handshake(proxy: FrontProxy, version: Version): Promise<string> {
  const socket = connect(proxy, { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' });
  return new Promise((resolve) => {
    socket.on('secureConnect', () => resolve(String(socket.getProtocol())));
    socket.on('error', (error) => resolve(`refused: ${error.message}`));
  });
}
