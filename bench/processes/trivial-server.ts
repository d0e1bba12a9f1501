import { type AddressInfo, createServer } from 'node:net';
import { answerParent } from '../child.ts';

/** Accepts everything at once and reads nothing: shows how fast the load can be sent. */
const ACCEPTED = Buffer.from('HTTP/1.1 204 No Content\r\nconnection: keep-alive\r\n\r\n');

answerParent<null, number>(
  () =>
    new Promise((resolve) => {
      const server = createServer({ noDelay: true }, (socket) => {
        socket.on('data', () => socket.write(ACCEPTED));
        socket.on('error', () => socket.destroy());
      });
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
    }),
);
