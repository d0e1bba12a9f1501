import { answered, HOST, POST, type RawCase, refused } from './raw-case.ts';

const LAST = `GET /healthz HTTP/1.1\r\n${HOST}connection: close\r\n\r\n`;

/**
 * @param inner a complete, authentic delivery: whoever reads the outer request in the wrong length takes it for one
 * @param signed the lines of a signature of `{}`
 */
export function framingCases(inner: string, signed: string): readonly RawCase[] {
  const size = inner.length;
  const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
  const te = (line: string) => `${POST}${line}\r\n\r\n0\r\n\r\n${inner}`;
  return [
    refused(
      'both lengths, the fixed one first',
      `${POST}content-length: ${size + 5}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${inner}`,
    ),
    refused(
      'both lengths, the chunked one first',
      `${POST}transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n${inner}`,
    ),
    refused(
      'both lengths, the fixed one 0',
      `${POST}content-length: 0\r\ntransfer-encoding: chunked\r\n\r\n${chunk(inner)}0\r\n\r\n`,
    ),
    refused('two lengths that differ', `${POST}content-length: 0\r\ncontent-length: ${size}\r\n\r\n${inner}`),
    refused(
      'two lengths that differ, the other way',
      `${POST}content-length: ${size}\r\ncontent-length: 0\r\n\r\n${inner}`,
    ),
    refused('two lengths alike', `${POST}content-length: 0\r\ncontent-length: 0\r\n\r\n${inner}`),
    refused('a list of lengths', `${POST}content-length: 0, ${size}\r\n\r\n${inner}`),
    ...['+0', '-1', '0x0', '0 0', '1e1', '0.0', '99999999999999999999', '٠'].map((length) =>
      refused(`the length ${length}`, `${POST}content-length: ${length}\r\n\r\n${inner}`),
    ),
    ...[
      'xchunked',
      'chunked, identity',
      'chunked, chunked',
      'chunked;q=1',
      '\x0bchunked',
      'chunked\x0b',
      '"chunked"',
    ].map((coding) => refused(`the coding ${JSON.stringify(coding)}`, te(`transfer-encoding: ${coding}`))),
    refused('a coding that is not chunked', te('transfer-encoding: gzip')),
    refused('a space before the colon', te('transfer-encoding : chunked')),
    refused(
      'a header that begins with a space',
      `POST /webhooks/linq HTTP/1.1\r\n transfer-encoding: chunked\r\n${HOST}\r\n0\r\n\r\n${inner}`,
    ),
    refused(
      'a folded name',
      te('x-folded: y\r\n transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\ncontent-length: 3'),
    ),
    refused('a folded value', te('transfer-encoding:\r\n chunked\r\ncontent-length: 3')),
    ...['+5', '-1', '0x5', 'g', '', 'FFFFFFFFFFFFFFFFF', '5 5', '5\n'].map((length) =>
      refused(
        `the chunk length ${JSON.stringify(length)}`,
        `${POST}transfer-encoding: chunked\r\n\r\n${length}\r\nabcde\r\n0\r\n\r\n${inner}`,
      ),
    ),
    refused(
      'a chunk longer than it says',
      `${POST}transfer-encoding: chunked\r\n\r\n1\r\nabcde\r\n0\r\n\r\n${inner}`,
    ),
    refused(
      'a bare LF in a chunk extension',
      `${POST}transfer-encoding: chunked\r\n\r\n5;x\ny\r\nabcde\r\n0\r\n\r\n${inner}`,
    ),
    refused(
      'a chunk extension of 64 kB',
      `${POST}transfer-encoding: chunked\r\n\r\n5;${'x'.repeat(65_536)}\r\nabcde\r\n0\r\n\r\n`,
    ),
    // a signature that comes after the body is none
    answered(
      'a signature in the trailers',
      `${POST}transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n${signed}\r\n${LAST}`,
      401,
      200,
    ),
  ];
}
