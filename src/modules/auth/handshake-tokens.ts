import type { AuthProviderConfig } from '../config/gateway-config.js';
import type { Exchange } from '../routing/exchange.js';
import { isUpgrade } from '../server/upgrades.js';
import { type Allowed, allows, type AuthPolicy, choiceOf } from './auth-policy.js';

/** The subprotocol that announces a token, which is the next one that the client offers. */
const BEARER = 'bearer';

export interface HandshakeToken {
  readonly token: string;
  /** The providers that may verify it. */
  readonly allowed: Allowed;
  readonly isCookie: boolean;
}

/**
 * The tokens of WebSocket handshakes that are not in `Authorization`, which pages cannot set there: among the offered
 * subprotocols, or in the cookie of a provider. They count nowhere else, since browsers send cookies with requests of any
 * page.
 */
export class HandshakeTokens {
  /** Whether a request outside of handshakes, too, may have a token that upstreams do not get. */
  readonly hasCookies: boolean;
  /** Ids of providers by the name of their cookie. */
  private readonly cookies: ReadonlyMap<string, readonly string[]>;

  constructor(providers: readonly (readonly [id: string, config: Pick<AuthProviderConfig, 'cookie'>])[]) {
    const withCookie = providers.filter(([, { cookie }]) => cookie !== undefined);
    const byCookie = Map.groupBy(withCookie, ([, { cookie = '' }]) => cookie);
    this.cookies = new Map([...byCookie].map(([name, each]) => [name, each.map(([id]) => id)]));
    this.hasCookies = this.cookies.size > 0;
  }

  /**
   * Takes the token out of a request, whether it counts or not, so that no upstream gets it. An upstream that is trusted
   * with tokens keeps its cookie outside of handshakes: it may be the one that has set it.
   *
   * @returns `undefined` when there is none that counts, and `malformed` when nobody can say which one does
   */
  take(exchange: Exchange, policy: AuthPolicy): HandshakeToken | 'malformed' | undefined {
    const { req, route } = exchange;
    if (!route?.config.websocket || !isUpgrade(req)) {
      this.keepBack(exchange, policy);
      return undefined;
    }
    const inCookie = this.takeCookie(exchange, policy.allowed);
    const offered = takeProtocol(exchange, policy.allowed);
    // The page has chosen a token in `Authorization` or among the subprotocols; a cookie comes by itself.
    if (req.headers.authorization !== undefined) return offered && 'malformed';
    return offered ?? inCookie;
  }

  /** Uses the token as if it were in `Authorization`. */
  use({ token, isCookie }: HandshakeToken, exchange: Exchange, { forward }: AuthPolicy): void {
    exchange.isByCookie = isCookie;
    if (forward) replaceHeader(exchange, 'Authorization', `Bearer ${token}`);
  }

  /**
   * Keeps the cookies with tokens from the upstream. Browsers add them to every request for a host, so nobody has chosen to
   * send one.
   *
   * @param policy of a route whose upstream may get the cookies of its providers
   * @returns the cookies that were found, as the client wrote them
   */
  keepBack(exchange: Exchange, policy?: AuthPolicy): readonly string[] {
    const { cookie } = exchange.req.headers;
    if (!this.hasCookies || cookie === undefined) return [];
    const pairs = cookie.split(';').map((pair) => pair.trim());
    const found = pairs.filter((pair) => {
      const ids = this.cookies.get(nameOf(pair));
      return ids && !(policy?.forward && ids.some((id) => allows(policy.allowed, id)));
    });
    if (found.length > 0)
      replaceHeader(exchange, 'Cookie', pairs.filter((pair) => !found.includes(pair)).join('; '));
    return found;
  }

  private takeCookie(exchange: Exchange, allowed: Allowed): HandshakeToken | 'malformed' | undefined {
    const counting = this.keepBack(exchange).flatMap((pair) => {
      const ids = this.cookies.get(nameOf(pair))?.filter((id) => allows(allowed, id)) ?? [];
      const token = pair.slice(nameOf(pair).length + 1);
      return ids.length === 0 ? [] : { token, allowed: choiceOf(ids), isCookie: true };
    });
    // A page of a neighbouring host can add a cookie of the same name.
    return counting.length > 1 ? 'malformed' : counting[0];
  }
}

function takeProtocol(exchange: Exchange, allowed: Allowed): HandshakeToken | 'malformed' | undefined {
  const field = exchange.req.headers['sec-websocket-protocol'];
  if (field === undefined) return undefined;
  const offered = field.split(',').map((each) => each.trim());
  const at = offered.indexOf(BEARER);
  const token = offered[at + 1];
  if (at === -1 || token === undefined) return undefined;
  const others = offered.toSpliced(at, 2);
  exchange.offeredProtocols = others;
  replaceHeader(exchange, 'Sec-WebSocket-Protocol', others.join(', '));
  return others.includes(BEARER) ? 'malformed' : { token, allowed, isCookie: false };
}

/** @param value empty to send none */
function replaceHeader(exchange: Exchange, name: string, value: string): void {
  const { headers = [], except, instead = [] } = exchange.keptBack ?? {};
  exchange.keptBack = {
    headers: new Set([...headers, name.toLowerCase()]),
    except,
    instead: value === '' ? instead : [...instead, name, value],
  };
}

function nameOf(pair: string): string {
  const end = pair.indexOf('=');
  return end === -1 ? pair : pair.slice(0, end);
}
