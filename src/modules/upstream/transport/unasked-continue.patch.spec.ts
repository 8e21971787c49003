import { describe, expect, it } from 'vitest';
import { ContinueFilter } from './unasked-continue.patch.js';

const CONTINUE = 'HTTP/1.1 100 Continue\r\nX-A: 1\r\n\r\n';
const HINTS = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n';
const FINAL = `HTTP/1.1 200 OK\r\nContent-Length: ${CONTINUE.length}\r\n\r\n${CONTINUE}`;
const SWITCH = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\n\r\n${CONTINUE}`;

/** @returns what is left of bytes that arrive in pieces */
function filtered(text: string, size: number): string {
  const filter = new ContinueFilter();
  filter.isHeadDue = true;
  let left = '';
  for (let at = 0; at < text.length; at += size) {
    const chunk = Buffer.from(text.slice(at, at + size), 'latin1');
    left += (filter.isHeadDue ? filter.filter(chunk) : chunk).toString('latin1');
  }
  return left;
}

describe('a 100 Continue', () => {
  it.each([
    ['before a final response', CONTINUE + FINAL, FINAL],
    ['repeated', CONTINUE + CONTINUE + FINAL, FINAL],
    ['between other interim responses', HINTS + CONTINUE + HINTS + FINAL, HINTS + HINTS + FINAL],
    ['before an upgrade', CONTINUE + SWITCH, SWITCH],
    ['without fields', `HTTP/1.1 100 \r\n\r\n${FINAL}`, FINAL],
  ])('is dropped, in packets of any size: %s', (_, received, left) => {
    for (let size = 1; size <= received.length; size++) expect(filtered(received, size)).toBe(left);
  });

  it.each([
    ['in the body of a response', FINAL],
    ['behind an upgrade', SWITCH],
    ['behind something else', `hello${CONTINUE}`],
    ['of another protocol', `HTTP/2 100\r\n\r\n${FINAL}`],
  ])('is no interim response and stays: %s', (_, received) => {
    for (let size = 1; size <= received.length; size++) expect(filtered(received, size)).toBe(received);
  });

  it('is passed on when its head does not end', () => {
    const endless = `HTTP/1.1 100 Continue\r\nX-A: ${'a'.repeat(100_000)}`;
    expect(filtered(endless, 10_000)).toBe(endless);
  });
});
