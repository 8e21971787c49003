import type { CacheHit, ResponseTap } from '../routing/cache-decision.js';
import type { Exchange } from '../routing/exchange.js';
import type { UpstreamResponse } from '../upstream/upstream.types.js';
import { publicHead } from './public-addresses.js';

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
 * @param within milliseconds after which a body without an end is given up
 * @throws UpstreamError when the body is cut off
 */
export async function receive(
  exchange: Exchange,
  response: PassedResponse,
  tap: ResponseTap,
  within?: number,
): Promise<Received> {
  const instead = tap.onHead(publicHead(exchange, response));
  if (!tap.isCollecting) return { hit: instead, isUnread: true };
  const body = response.readable();
  let isLate = false;
  const giveUp = () => {
    isLate = true;
    body.destroy();
  };
  const timer = within === undefined ? undefined : setTimeout(giveUp, within);
  try {
    for await (const chunk of body) {
      tap.onData?.(chunk as Buffer);
      // Leaving the loop ends the call.
      if (!tap.isCollecting) return { hit: undefined, isUnread: false };
    }
  } catch (error) {
    if (!isLate) throw error;
    tap.onReplaced?.('other');
    return { hit: undefined, isUnread: false };
  } finally {
    clearTimeout(timer);
  }
  return { hit: tap.onEnd?.(), isUnread: false };
}
