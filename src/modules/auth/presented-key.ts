import type { Exchange } from '../routing/exchange.js';
import type { ApiKeyProvider } from './api-keys.js';
import { takeParameter } from './query-parameter.js';

/** An API key as a request has it. */
export interface PresentedKey {
  readonly value: string;
  /** Equal for equal places, so that two providers may find the same key. */
  readonly place: string;
  /** Ends it here: it is as secret as a token. */
  readonly strip: () => void;
}

/** @returns what is where the provider's clients have their keys; a key in both places is no valid one */
export function presentedKey(
  exchange: Exchange,
  { header, query }: Pick<ApiKeyProvider, 'header' | 'query'>,
): PresentedKey | undefined {
  const field = exchange.req.headers[header];
  const { query: written } = exchange.head;
  const taken = query === undefined || written === '' ? undefined : takeParameter(written, query);
  if (typeof field === 'string') {
    const strip = () => void (exchange.credentialHeader = header);
    return { value: taken ? '' : field, place: `header ${header}`, strip };
  }
  if (!taken) return undefined;
  const strip = () => void (exchange.head = { ...exchange.head, query: taken.rest });
  return { value: taken.value, place: `query ${query}`, strip };
}
