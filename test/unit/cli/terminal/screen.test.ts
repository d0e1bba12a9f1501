import { describe, expect, it } from 'vitest';
import { printable, printableJson, printableLines, screenOf } from '../../../../src/cli/terminal/screen.ts';

describe('screenOf', () => {
  it('colours and breaks lines on a terminal', () => {
    const screen = screenOf({ env: {}, isTerminal: true, columns: 60 });
    expect(screen.width).toBe(60);
    expect(screen.red('x')).toBe('\u001b[31mx\u001b[0m');
  });

  it('obeys NO_COLOR, unless it is empty', () => {
    expect(screenOf({ env: { NO_COLOR: '1' }, isTerminal: true, columns: 60 }).bold('x')).toBe('x');
    expect(screenOf({ env: { NO_COLOR: '' }, isTerminal: true, columns: 60 }).bold('x')).not.toBe('x');
  });

  it('does neither in a file or a pipe', () => {
    const screen = screenOf({ env: {}, isTerminal: false, columns: 60 });
    expect(screen.width).toBe(Number.POSITIVE_INFINITY);
    expect(screen.yellow('x')).toBe('x');
  });
});

describe('printable', () => {
  it('takes out of every text what could steer the terminal', () => {
    const body = { a: ['\u001b[31mred', { b: 'two\nlines\u202e' }], n: 1, no: null, yes: true };
    expect(printable(body)).toEqual({ a: ['�[31mred', { b: 'two�lines�' }], n: 1, no: null, yes: true });
  });

  it('leaves our masks and dashes alone', () => {
    expect(printable('+1•••••0100 – fine')).toBe('+1•••••0100 – fine');
  });
});

describe('printableLines', () => {
  it('leaves line breaks, and nothing else that could steer the terminal', () => {
    expect(printableLines('one\ntwo\u001b]0;title\u0007\u009b31m\r')).toBe('one\ntwo�]0;title��31m�');
  });
});

describe('printableJson', () => {
  it('holds no character that could steer the terminal, and says the same', () => {
    const json = {
      'key\u009b': ['\u009b31m\u001b[31m', 'a\u202eb\u2028', 'a\nb', '\u{e0041}', '•é😀'],
      n: 1,
    };
    const text = printableJson(json);
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(JSON.parse(text)).toEqual(json);
    expect(text).toContain('•é😀');
  });
});
