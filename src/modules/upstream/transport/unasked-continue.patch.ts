/*
 * Patch of undici 8.12: a `100 Continue` that nobody has asked for is dropped, as RFC 9110 section 15.2 wants it.
 *
 * undici closes the connection at a status of 100 (`onHeadersComplete` in its client-h1.js) before a handler learns of it,
 * and has no option against it. So the head is taken out of what the socket receives before undici reads it. The patch can
 * go when upstream-interim-answers.spec.ts passes without it.
 */
import type { Socket } from 'node:net';

const NOTHING: Buffer = Buffer.alloc(0);
/** Every interim head starts like this, and no final one. */
const INTERIM = 'HTTP/1.1 1';
const INTERIM_DIGIT = INTERIM.charCodeAt(INTERIM.length - 1);
/** The status line up to the status. */
const STATUS_END = 'HTTP/1.1 100'.length;
const HEAD_END = '\r\n\r\n';
/** Bytes. Of an interim head that is longer, undici may judge. */
const MAX_HELD = 16 * 1024;

export class ContinueFilter {
  /** A request is sent, and its final response has not begun: the next byte from the upstream starts a head. */
  isHeadDue = false;
  /** The start of a head that has not arrived completely. */
  private held = NOTHING;

  /** @param isInUse whether the socket carries a request; it does not any more when it has become a tunnel */
  attach(socket: Socket, isInUse: () => boolean): void {
    this.held = NOTHING;
    const push = socket.push.bind(socket);
    socket.push = (chunk: Buffer | null, encoding) => {
      if (!this.isHeadDue || chunk === null || !isInUse()) return push(chunk, encoding);
      const bytes = this.filter(chunk);
      return bytes.length === 0 || push(bytes, encoding);
    };
  }

  /** @returns what undici may read of a chunk, and of what was held before it */
  filter(chunk: Buffer): Buffer {
    // The usual case: a final head.
    if (this.held === NOTHING && (chunk[INTERIM.length - 1] ?? INTERIM_DIGIT) !== INTERIM_DIGIT) {
      this.isHeadDue = false;
      return chunk;
    }
    let rest = this.held.length > 0 ? Buffer.concat([this.held, chunk]) : chunk;
    this.held = NOTHING;
    const passed: Buffer[] = [];
    while (rest.length > 0) {
      const start = rest.toString('latin1', 0, STATUS_END);
      const mayBeInterim = INTERIM.startsWith(start.slice(0, INTERIM.length)) && start !== 'HTTP/1.1 101';
      const end = mayBeInterim ? rest.indexOf(HEAD_END) : -1;
      if (end === -1) {
        this.isHeadDue = mayBeInterim && rest.length <= MAX_HELD;
        if (this.isHeadDue) this.held = rest;
        else passed.push(rest);
        break;
      }
      const next = end + HEAD_END.length;
      if (start !== 'HTTP/1.1 100') passed.push(rest.subarray(0, next));
      rest = rest.subarray(next);
    }
    return passed.length === 1 && passed[0] ? passed[0] : Buffer.concat(passed);
  }
}
