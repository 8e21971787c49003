import { OutgoingMessage, type ServerResponse } from 'node:http';
import type { HeaderRecord } from './response-headers.js';

/** How a handler changes and sends a response. */
const METHODS = [
  'setHeader',
  'setHeaders',
  'appendHeader',
  'removeHeader',
  'writeHead',
  'flushHeaders',
  'write',
  'end',
] as const;

const HEAD_METHODS = [
  'getHeader',
  'getHeaders',
  'getHeaderNames',
  'hasHeader',
  'setHeader',
  'setHeaders',
  'appendHeader',
  'removeHeader',
] as const;

/**
 * Makes a response ignore its handler, which may still be at work when the gateway has answered in its place. Otherwise a
 * header that it sets would throw, where nobody may catch it, and a body that it sends would follow the answer.
 */
export function ignoreHandler(res: ServerResponse): void {
  const end = res.end.bind(res);
  for (const name of METHODS) {
    const ignored = (...args: unknown[]): unknown => {
      // The gateway ends its answer so once the rest of the request is read.
      if (name === 'end' && args.length === 0) return end();
      callBack(args);
      return name === 'write' ? true : res;
    };
    Object.assign(res, { [name]: ignored });
  }
}

/** Calls back the handler whose call of `write` or `end` is dropped, which may wait for it. */
export function callBack(args: readonly unknown[]): void {
  const done = args.at(-1);
  if (typeof done === 'function') process.nextTick(done);
}

/** A head that a handler has written, and that is not sent. */
export type UnsentHead = Pick<ServerResponse, 'statusCode' | 'getHeaders'>;

/**
 * Lets a handler run once more on a response whose answer is sent. What it says of status and headers changes a head of
 * its own, and a body that it sends is ignored.
 *
 * @param status and headers that this head begins with
 */
export function detachHead(res: ServerResponse, status: number, headers: HeaderRecord): UnsentHead {
  const { statusCode: sent } = res;
  const head = Object.assign(new OutgoingMessage(), { statusCode: status });
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) head.setHeader(name, value);
  ignoreHandler(res);
  for (const name of HEAD_METHODS) Object.assign(res, { [name]: head[name].bind(head) });
  Object.defineProperty(res, 'statusCode', {
    // Whoever observes the request wants to know what the client has got.
    get: () => sent,
    set: (changed: number) => {
      head.statusCode = changed;
    },
  });
  return head;
}
