import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import type { Deadline } from '../../../common/resilience/deadline.js';
import { CallerGoneError, DeadlineError } from '../transport/classify.js';
import { ClientBody } from './client-body.js';
import type { UpstreamRequest } from '../upstream.types.js';

/** @returns whether the body is there, or can be gathered within the bound, to be sent again */
export function canReplay({ body, contentLength }: UpstreamRequest, maxBodyBytes: number): boolean {
  if (body === undefined || typeof body === 'string' || Buffer.isBuffer(body)) return true;
  return contentLength !== undefined && contentLength <= maxBodyBytes;
}

/** @returns the request as it can be sent once more, if nothing of its body is gone */
export function sameAgain(request: UpstreamRequest): UpstreamRequest | undefined {
  if (!(request.body instanceof Readable)) return request;
  const body = request.body instanceof ClientBody ? request.body.untouched() : undefined;
  return body && { ...request, body };
}

/**
 * Gathers a streamed body, whose announced length is within the bound, so that it can be sent again.
 *
 * @throws DeadlineError when the client takes longer than the deadline
 * @throws CallerGoneError when the client leaves
 */
export async function gatherBody(request: UpstreamRequest, deadline: Deadline): Promise<UpstreamRequest> {
  const { body, signal } = request;
  if (body === undefined || typeof body === 'string' || Buffer.isBuffer(body)) return request;
  const leave = () => destroy(body, new CallerGoneError());
  const timer = setTimeout(() => destroy(body, new DeadlineError()), deadline.remaining);
  signal?.addEventListener('abort', leave, { once: true });
  try {
    return { ...request, body: await buffer(body), contentLength: undefined };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', leave);
  }
}

function destroy(body: Readable, reason: Error): void {
  body.destroy(reason);
}
