import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { ClientBody } from '../client-body.js';
import { CallError } from '../transport/classify.js';
import type { UpstreamRequest } from '../upstream.types.js';

/** @returns the request as it can be sent again after a call, or `undefined` when a part of its body is gone */
export function replay(request: UpstreamRequest): UpstreamRequest | undefined {
  if (!(request.body instanceof Readable)) return request;
  const body = request.body instanceof ClientBody ? request.body.replay() : undefined;
  if (Buffer.isBuffer(body)) return { ...request, body, contentLength: undefined };
  return body && { ...request, body };
}

/**
 * Gathers a streamed body, whose announced length is within the bound, so that it can be sent again. The time this
 * takes is the client's, and bounded by what bounds all its requests.
 *
 * @throws CallError `client_gone` when the client leaves
 */
export async function gatherBody(request: UpstreamRequest, body: Readable): Promise<UpstreamRequest> {
  const { signal } = request;
  const leave = () => void body.destroy(new CallError('client_gone'));
  signal?.addEventListener('abort', leave, { once: true });
  if (signal?.aborted) leave();
  try {
    const bytes = await (body instanceof ClientBody ? body.gather() : buffer(body));
    return { ...request, body: bytes, contentLength: undefined };
  } finally {
    signal?.removeEventListener('abort', leave);
  }
}
