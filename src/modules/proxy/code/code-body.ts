import type { RawBodyRequest } from '@nestjs/common';
import type { Request } from 'express';
import { ProblemError } from '../../../common/errors/problem.js';
import { ignoreHandler } from '../../../common/http/ignored-handler.js';
import type { Exchange } from '../../routing/exchange.js';
import type { ReplyWriter } from '../reply-writer.js';

/**
 * Bounds the body that a handler of code gets, also one that it reads as a stream.
 *
 * @param reply answers the client when a body of unknown length turns out to be too large
 * @throws ProblemError `body_too_large` when that is known already
 */
export function limitBody(exchange: Exchange, maxBytes: number, reply: ReplyWriter): void {
  const { res } = exchange;
  const req: RawBodyRequest<Request> = exchange.req;
  const announced = req.headers['content-length'];
  // Node cuts off what is longer than announced.
  const known = req.rawBody?.length ?? (announced === undefined ? undefined : Number(announced));
  if ((known ?? req.readableLength) > maxBytes) throw tooLarge();
  if (known !== undefined || req.complete) return;

  let received = req.readableLength;
  let isRefused = false;
  // Node's parser calls it with each chunk. A listener would start to read before the handler does.
  const push = req.push.bind(req);
  req.push = (chunk: Buffer | null, ...rest) => {
    received += chunk?.length ?? 0;
    if (received <= maxBytes) return push(chunk, ...rest);
    if (!isRefused) {
      isRefused = true;
      // Its stream ends, but its connection carries the answer.
      req._destroy = (error, done) => done(req.listenerCount('error') > 0 ? error : null);
      reply.problem(res, exchange, tooLarge());
      ignoreHandler(res);
    }
    // What follows is dropped. A handler that still reads must not take a part for the whole, so its stream fails.
    if (chunk === null) req.destroy(tooLarge());
    return true;
  };
}

function tooLarge(): ProblemError {
  return new ProblemError('body_too_large', { close: true });
}
