import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { message2026, sign } from '../helpers/deliver.ts';
import { startRig } from '../helpers/rig.ts';
import { reportReached } from '../helpers/suite.ts';

const FOR_MS = 5_000;
const MEBIBYTE = 1024 * 1024;
const head = (path: string) =>
  `POST ${path} HTTP/1.1\r\nhost: reactor\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`;
const TINY_CHUNKS = '1\r\n \r\n'.repeat(65_536);
const NEARLY_ONE_MEBIBYTE = `${(MEBIBYTE - 1).toString(16)}\r\n${' '.repeat(MEBIBYTE - 1)}`;

/** A connection of an attacker's, from an address of its own unless it is told another. */
function open(
  url: string,
  onAnswer: (socket: Socket) => void = () => {},
  localAddress = '127.0.0.2',
): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), localAddress });
  socket.on('error', () => {}); // a reset is one way of being refused
  socket.on('data', () => onAnswer(socket));
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** Delivers one after the other over one connection; resolves to the statuses, each with how often it came. */
async function deliverFor(url: string, ms: number): Promise<Record<number, number>> {
  const client = new Client(url);
  onTestFinished(() => client.destroy());
  const statuses: Record<number, number> = {};
  for (const end = performance.now() + ms; performance.now() < end; ) {
    const body = JSON.stringify(message2026());
    const headers = sign(body, { at: Date.now() });
    const answer = await client.request({ method: 'POST', path: '/webhooks/linq', headers, body });
    await answer.body.dump();
    statuses[answer.statusCode] = (statuses[answer.statusCode] ?? 0) + 1;
    await delay(10);
  }
  return statuses;
}

function report(attack: string, statuses: Record<number, number>): void {
  const { 204: accepted = 0, ...others } = statuses;
  const violations = Object.values(others).reduce((a, b) => a + b, 0);
  reportReached(`hoarders, ${attack}`, { accepted, violations });
  expect(statuses).toEqual({ 204: accepted });
  expect(accepted).toBeGreaterThan(0);
}

/** In MiB. */
function peakMemory(pid: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

describe('authentic deliveries get 204 throughout', () => {
  it('while one connection sends requests of 65,536 chunks of one byte, which cost what they hold', async () => {
    const { reactor } = await startRig();
    const again = (socket: Socket) => socket.write(`${head('/webhooks/linq')}${TINY_CHUNKS}0\r\n\r\n`);
    again(open(reactor.url, again, '127.0.0.1'));
    report('tiny chunks again and again', await deliverFor(reactor.url, FOR_MS));
  });

  it('while one connection has sent such chunks and keeps them waiting for their end', async () => {
    const { reactor } = await startRig();
    open(reactor.url, undefined, '127.0.0.1').write(head('/webhooks/linq') + TINY_CHUNKS);
    report('tiny chunks without an end', await deliverFor(reactor.url, FOR_MS));
  });

  it('while another address keeps 200 bodies of nearly 1 MiB each waiting for their ends', async () => {
    const { reactor } = await startRig();
    const sockets = Array.from({ length: 200 }, () => open(reactor.url));
    for (const socket of sockets) socket.write(head('/webhooks/linq') + NEARLY_ONE_MEBIBYTE);
    report('large bodies without an end', await deliverFor(reactor.url, FOR_MS));
  });

  it('while another address opens all the connections that there are', async () => {
    const { reactor } = await startRig();
    const sockets: Socket[] = [];
    let refused = 0;
    for (let n = 0; n < 10_100; n++) {
      sockets.push(open(reactor.url).once('close', () => refused++));
      if (n % 100 === 0) await delay(1);
    }
    report('connections', await deliverFor(reactor.url, FOR_MS / 5));
    expect(refused).toBeGreaterThan(0);
  });
});

/** Unanswered requests that a connection may have. */
const MOST_UNANSWERED = 64;

it('requests sent in one go by who never reads an answer are not kept', async () => {
  const { reactor } = await startRig();
  const answer = await (await fetch(`${reactor.url}/openapi.json`)).arrayBuffer();
  const before = peakMemory(reactor.pid);
  const requests = 'GET /openapi.json HTTP/1.1\r\nhost: reactor\r\n\r\n'.repeat(1_500);
  const sockets = Array.from({ length: 100 }, () => open(reactor.url).pause());
  const allowedMiB = (sockets.length * MOST_UNANSWERED * answer.byteLength) / 2 ** 20;
  for (const socket of sockets) socket.write(requests);
  report('requests without a reader', await deliverFor(reactor.url, FOR_MS));
  // all of them would be 23 times as much
  expect(peakMemory(reactor.pid) - before).toBeLessThan(allowedMiB + 150);
});

it('bodies that no route has a use for are not kept, however tiny their pieces', async () => {
  const { reactor } = await startRig();
  const before = peakMemory(reactor.pid);
  for (let n = 0; n < 20; n++) open(reactor.url).write(head('/nothing') + TINY_CHUNKS);
  report('bodies for nothing', await deliverFor(reactor.url, FOR_MS));
  // as a list of pieces each of them took some 40 MiB
  expect(peakMemory(reactor.pid) - before).toBeLessThan(200);
});
