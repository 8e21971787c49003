import type { CacheHit, ResponseTap } from '../routing/exchange.js';
import type { UpstreamResponse } from '../upstream/upstream.types.js';

/** A response that can be passed on: that of an upstream, or a document that is made of several. */
export type PassedResponse = Omit<UpstreamResponse, 'socket' | 'text' | 'json'>;

export interface Received {
  /** What the tap answers with. */
  readonly hit: CacheHit | undefined;
  /** The tap did not need the body. */
  readonly isUnread: boolean;
}

/**
 * Gives a response to a tap, whatever any client does, for as long as the tap collects it.
 *
 * @throws UpstreamError when the body is cut off
 */
export async function receive(response: PassedResponse, tap: ResponseTap): Promise<Received> {
  const instead = tap.onHead(response);
  if (!tap.isCollecting) return { hit: instead, isUnread: true };
  for await (const chunk of response.readable()) {
    tap.onData?.(chunk as Buffer);
    // Leaving the loop ends the call.
    if (!tap.isCollecting) return { hit: undefined, isUnread: false };
  }
  return { hit: tap.onEnd?.(), isUnread: false };
}
