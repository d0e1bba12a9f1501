import { connect } from 'node:net';

export interface Said {
  /** All that came back, byte for byte. */
  readonly text: string;
  /** Status of each answer, in order. */
  readonly statuses: readonly number[];
  /** The other side ended the connection, rather than keep waiting. */
  readonly isClosed: boolean;
}

export interface Speaking {
  /** Sends our FIN after the bytes, keeping our reading side open. */
  readonly halfClose?: boolean;
  /** Resets the connection right after the bytes. */
  readonly reset?: boolean;
  /** How long to listen when nobody closes. */
  readonly patienceMs?: number;
}

/** Speaks bytes to a server as no HTTP client would, and listens until it closes the connection or says no more. */
export function speak(
  url: string,
  bytes: string | Buffer | readonly (string | Buffer)[],
  { halfClose = false, reset = false, patienceMs = 400 }: Speaking = {},
): Promise<Said> {
  const { hostname, port } = new URL(url);
  const chunks: Buffer[] = [];
  return new Promise((resolve) => {
    const socket = connect({ port: Number(port), host: hostname, noDelay: true, allowHalfOpen: true });
    let isClosed = false;
    let isOver = false;
    const finish = () => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      socket.destroy();
      const text = Buffer.concat(chunks).toString('latin1');
      resolve({ text, statuses: statusesOf(text), isClosed });
    };
    let timer = setTimeout(finish, patienceMs);
    const close = () => {
      isClosed = true;
      finish();
    };
    socket.on('error', close).on('end', close).on('close', close);
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      clearTimeout(timer);
      timer = setTimeout(finish, patienceMs);
    });
    socket.on('connect', () => {
      for (const part of Array.isArray(bytes) ? bytes : [bytes]) socket.write(latin1(part));
      if (halfClose) socket.end();
      if (reset) socket.resetAndDestroy();
    });
  });
}

const latin1 = (part: string | Buffer) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part);

/** A body of ours holds no line like this, so none is taken for an answer. */
function statusesOf(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.[01] (\d{3}) /g)].map(([, status]) => Number(status));
}
