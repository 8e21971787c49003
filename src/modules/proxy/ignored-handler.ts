import type { Response } from 'express';

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

/**
 * Makes a response ignore its handler, which may still be at work when the gateway has answered in its place. Otherwise a
 * header that it sets would throw, where nobody may catch it, and a body that it sends would follow the answer.
 */
export function ignoreHandler(res: Response): void {
  const end = res.end.bind(res);
  for (const name of METHODS) {
    const ignored = (...args: unknown[]): unknown => {
      // The gateway ends its answer so once the rest of the request is read.
      if (name === 'end' && args.length === 0) return end();
      const done = args.at(-1);
      if (typeof done === 'function') process.nextTick(done);
      return name === 'write' ? true : res;
    };
    Object.assign(res, { [name]: ignored });
  }
}
