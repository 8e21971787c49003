import type { PluginHeaders, PluginIdentity, PluginRequest } from '../config/plugins/plugin.types.js';
import { CallCancellation } from '../plugins/call-cancellation.js';
import type { CheckedChanges } from '../plugins/results.js';
import { type Exchange, handlerPathOf } from './exchange.js';
import { pluginIdentityOf } from './plugin-identity.js';

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

/** To be called right before the plugin: from then on, `signal` of the request is that of the call. */
export function pluginCallFor(exchange: Exchange): RequestCall {
  return ExchangeView.callFor(exchange);
}
