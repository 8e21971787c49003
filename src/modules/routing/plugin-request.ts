import type { PluginHeaders, PluginIdentity, PluginRequest } from '../config/plugins/plugin.types.js';
import type { CheckedChanges } from '../plugins/results.js';
import type { Exchange } from './exchange.js';
import { pluginIdentityOf } from './plugin-identity.js';

/** An exchange as plugins see it. They get nothing that they could break. */
class ExchangeView implements PluginRequest {
  #known: PluginHeaders | undefined;
  /** The changes that `#known` has. */
  #changes: CheckedChanges | undefined;
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
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
    return this.#exchange.route?.config.id;
  }

  get identity(): PluginIdentity | undefined {
    const { identity } = this.#exchange;
    return identity && pluginIdentityOf(identity);
  }

  get signal(): AbortSignal {
    return this.#exchange.signal;
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

const views = new WeakMap<Exchange, PluginRequest>();

/** @returns one object for each exchange */
export function pluginRequestOf(exchange: Exchange): PluginRequest {
  let view = views.get(exchange);
  if (!view) views.set(exchange, (view = new ExchangeView(exchange)));
  return view;
}
