import { dashed } from '../../common/http/header-owners.js';
import type { KeptBack } from '../../common/http/request-headers.js';
import type { Exchange } from '../routing/exchange.js';
import type { ApiKeyProvider } from './api-keys.js';
import { parameterOf, withoutParameters } from './query-parameter.js';

/** Where a request may have a key. */
type Place = { readonly header: string } | { readonly parameter: string };

/** An API key as a request has it. */
export interface PresentedKey {
  readonly value: string;
  readonly place: Place;
}

/** @returns what is where the provider's clients have their keys; a key in both places is no valid one */
export function presentedKey(
  { req, head }: Exchange,
  { header, query: parameter }: Pick<ApiKeyProvider, 'header' | 'query'>,
): PresentedKey | undefined {
  const field = req.headers[header];
  const written =
    parameter === undefined || head.query === '' ? undefined : parameterOf(head.query, parameter);
  if (typeof field === 'string') return { value: written === undefined ? field : '', place: { header } };
  return parameter === undefined || written === undefined
    ? undefined
    : { value: written, place: { parameter } };
}

/** Two providers may find the same key. */
export function isSamePlace(one: Place, other: Place): boolean {
  return 'header' in one
    ? 'header' in other && one.header === other.header
    : 'parameter' in other && one.parameter === other.parameter;
}

/**
 * All places in which the configuration lets keys be. What is there ends at the gateway, on routes that take no keys
 * too: a client shows its key where it pleases, and a key is as secret as a token.
 */
export class KeyPlaces {
  private readonly inAuthorization: boolean;
  private readonly all: KeptBack;
  /** The same but for one header that goes on. */
  private readonly allBut: ReadonlyMap<string, KeptBack>;
  private readonly parameters: ReadonlySet<string>;

  constructor(providers: readonly Pick<ApiKeyProvider, 'header' | 'query'>[]) {
    const names = providers.map(({ header }) => header);
    this.inAuthorization = names.includes('authorization');
    // Whether that one goes on is settled with the tokens that may be in it.
    const headers = new Set(names.filter((name) => name !== 'authorization').map(dashed));
    this.all = { headers };
    this.allBut = new Map(names.map((except) => [except, { headers, except }]));
    this.parameters = new Set(providers.flatMap(({ query }) => query ?? []));
  }

  /** @param forwarded goes on all the same */
  keepBack(exchange: Exchange, forwarded?: Place): void {
    const header = forwarded && 'header' in forwarded ? forwarded.header : undefined;
    exchange.keptBack = header === undefined ? this.all : this.allBut.get(header);
    if (this.inAuthorization) exchange.forwardAuthorization = false;
    const { head } = exchange;
    if (this.parameters.size === 0 || head.query === '') return;
    const parameter = forwarded && 'parameter' in forwarded ? forwarded.parameter : undefined;
    const query = withoutParameters(head.query, this.parametersBut(parameter));
    if (query !== head.query) exchange.head = { ...head, query };
  }

  private parametersBut(forwarded: string | undefined): ReadonlySet<string> {
    if (forwarded === undefined) return this.parameters;
    return new Set([...this.parameters].filter((name) => name !== forwarded));
  }
}
