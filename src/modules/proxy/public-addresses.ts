import { toPublic } from '../../common/http/public-address.js';
import type { HeaderRecord } from '../../common/http/response-headers.js';
import { memoized } from '../../common/memoized.js';
import type { GatewayConfig, RouteConfig } from '../config/gateway-config.js';
import { sidesOf } from '../config/schema/gateway.js';
import type { ResponseHead } from '../routing/cache-decision.js';
import type { Exchange } from '../routing/exchange.js';
import type { RouteModel } from '../routing/route.model.js';
import type { UpstreamResponse } from '../upstream/upstream.types.js';
import { isOverTls } from './security-headers.js';
import { hostOf } from './upstream-request.js';

type Upstreams = GatewayConfig['upstreams'];
type Address = readonly [host: string, base: string];

/** By the URLs of the targets, none of which is parsed for a response. */
const addressesIn = memoized((upstreams: Upstreams) =>
  memoized(
    ({ config }: RouteModel) => new Map(urlsOf(config, upstreams).map((url) => [url, addressOf(url)])),
  ),
);

/** @returns the head of an upstream's response, in which it names itself as clients know it */
export function publicHead(
  exchange: Exchange,
  response: ResponseHead & Pick<UpstreamResponse, 'target'>,
): ResponseHead {
  const { route, head, config } = exchange;
  const { target, status, headers, isDelimited, sentAt } = response;
  if (!route || target === undefined || !namesAddress(headers)) return response;
  const addresses = addressesIn(config.upstreams)(route);
  const [host, base] = addresses.get(target) ?? addressOf(target);
  const hosts = new Map([...addresses.values(), [host, base]]);
  // It may call itself by the name that it was called by.
  const sent = hostOf(head, route)?.toLowerCase();
  if (sent !== undefined) hosts.set(sent, base);
  const isCalled = sent === head.authority.toLowerCase();
  const called = isCalled ? { host: sent, isOverTls: isOverTls(exchange) } : undefined;
  const address = { hosts, base, called, swap: route.pathSwap };
  return { status, headers: toPublic(headers, address), isDelimited, sentAt };
}

function addressOf(url: string): Address {
  const { host, pathname } = new URL(url);
  return [host, pathname.replace(/\/$/, '')];
}

/** @returns the URLs of all that may answer requests of a route */
function urlsOf(config: RouteConfig, upstreams: Upstreams): string[] {
  const ids = new Set(sidesOf(config));
  // A set also iterates over what is added meanwhile: the fallback of a fallback.
  for (const id of ids) {
    const next = upstreams[id]?.fallback?.upstream;
    if (next !== undefined) ids.add(next);
  }
  return [...ids].flatMap((id) => upstreams[id]?.targets.map(({ url }) => url) ?? []);
}

/** Most responses do not. */
function namesAddress(headers: HeaderRecord): boolean {
  return (
    headers['location'] !== undefined ||
    headers['set-cookie'] !== undefined ||
    headers['content-location'] !== undefined
  );
}
