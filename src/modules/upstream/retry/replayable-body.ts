import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { CallerGoneError } from '../transport/classify.js';
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
 * Gathers a streamed body, whose announced length is within the bound, so that it can be sent again. The time this
 * takes is the client's, and bounded by what bounds all its requests.
 *
 * @throws CallerGoneError when the client leaves
 */
export async function gatherBody(request: UpstreamRequest, body: Readable): Promise<UpstreamRequest> {
  const { signal } = request;
  const leave = () => void body.destroy(new CallerGoneError());
  signal?.addEventListener('abort', leave, { once: true });
  if (signal?.aborted) leave();
  try {
    return { ...request, body: await buffer(body), contentLength: undefined };
  } finally {
    signal?.removeEventListener('abort', leave);
  }
}
