import { memoized } from '../../common/memoized.js';
import type { PluginHeaders, PluginIdentity, PluginRequest } from '../config/plugins/plugin.types.js';
import { CallCancellation } from '../plugins/call-cancellation.js';
import type { CheckedChanges } from '../plugins/results.js';
import { type Exchange, handlerPathOf } from './exchange.js';
import type { Identity } from './identity.js';

/** One call of a plugin about a request. */
interface RequestCall {
  /** The same object in all calls for an exchange, but for its signal. */
  readonly request: PluginRequest;
  readonly cancellation: CallCancellation;
}

const views = new WeakMap<Exchange, ExchangeView>();

/** An exchange as plugins see it. They get nothing that they could break. */
class ExchangeView implements PluginRequest {
  #known: PluginHeaders | undefined;
  /** The changes that `#known` has. */
  #changes: CheckedChanges | undefined;
  readonly #exchange: Exchange;
  /** Of the call that began last. */
  #cancellation: CallCancellation;

  private constructor(exchange: Exchange, cancellation: CallCancellation) {
    this.#exchange = exchange;
    this.#cancellation = cancellation;
  }

  /** To be called right before the plugin: from then on, `signal` of the request is that of the call. */
  static callFor(exchange: Exchange): RequestCall {
    const cancellation = new CallCancellation(exchange.gone);
    let request = views.get(exchange);
    if (request) request.#cancellation = cancellation;
    else views.set(exchange, (request = new ExchangeView(exchange, cancellation)));
    return { request, cancellation };
  }

  get id(): string {
    return this.#exchange.id;
  }

  get method(): string {
    return this.#exchange.req.method;
  }

  get path(): string {
    return this.#exchange.head.path;
  }

  get query(): string {
    return this.#exchange.head.query;
  }

  get clientIp(): string {
    return this.#exchange.head.clientIp;
  }

  get route(): string | undefined {
    const { req, route } = this.#exchange;
    return handlerPathOf(req) ?? route?.config.id;
  }

  get identity(): PluginIdentity | undefined {
    const { identity } = this.#exchange;
    return identity && pluginIdentityOf(identity);
  }

  get signal(): AbortSignal {
    return this.#cancellation.signal;
  }

  /** A copy, since all stages read the headers of the request. */
  get headers(): PluginHeaders {
    const { req, changedHeaders } = this.#exchange;
    if (this.#known && this.#changes === changedHeaders) return this.#known;
    // Without a prototype, so that `constructor` is a header like any other.
    const headers = Object.assign(
      Object.create(null) as Record<string, string | string[] | undefined>,
      req.headers,
    );
    for (const [name, lines] of changedHeaders ?? []) headers[name] = lines?.join(', ');
    this.#changes = changedHeaders;
    return (this.#known = headers);
  }
}

export const pluginCallFor = (exchange: Exchange): RequestCall => ExchangeView.callFor(exchange);

/** A frozen copy: a change to the identity itself would apply to each request with the same token. */
const pluginIdentityOf = memoized(({ subject, scopes, claims }: Identity): PluginIdentity =>
  Object.freeze({ subject, scopes: frozenCopy(scopes), claims: frozenCopy(claims) }),
);

/** Objects with a class of their own stay as they are: only a plugin that proves callers can have made them. */
function frozenCopy<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  const copyEach = (each: unknown): unknown => frozenCopy(each);
  // The copies have the same shape.
  if (Array.isArray(value)) return Object.freeze(value.map(copyEach)) as T;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const entries = Object.entries(value).map(([key, each]) => [key, copyEach(each)] as const);
  return Object.freeze(Object.fromEntries(entries)) as T;
}
