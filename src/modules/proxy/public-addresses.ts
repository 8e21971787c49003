import { type PublicAddress, toPublic } from '../../common/http/public-address.js';
import type { HeaderRecord } from '../../common/http/response-headers.js';
import { memoized } from '../../common/memoized.js';
import type { GatewayConfig, RouteConfig } from '../config/gateway-config.js';
import { sidesOf } from '../config/schema/gateway.js';
import type { ResponseHead } from '../routing/cache-decision.js';
import type { Exchange } from '../routing/exchange.js';
import type { RouteModel } from '../routing/route.model.js';

type Upstreams = GatewayConfig['upstreams'];

const addressIn = memoized((upstreams: Upstreams) =>
  memoized((route: RouteModel) => addressOf(route, upstreams)),
);

/** @returns the head of an upstream's response, in which it names itself as clients know it */
export function publicHead({ route, head, config }: Exchange, response: ResponseHead): ResponseHead {
  const { status, headers, isDelimited, sentAt } = response;
  if (!route || !namesAddress(headers)) return response;
  let address = addressIn(config.upstreams)(route);
  if (route.config.rewrite?.host === 'preserve') {
    // The upstream calls itself by the name that the client has used.
    const [base = ''] = address.hosts.values();
    address = { ...address, hosts: new Map([...address.hosts, [head.authority.toLowerCase(), base]]) };
  }
  return { status, headers: toPublic(headers, address), isDelimited, sentAt };
}

function addressOf({ config, pathSwap }: RouteModel, upstreams: Upstreams): PublicAddress {
  const hosts = new Map<string, string>();
  for (const url of urlsOf(config, upstreams)) {
    const { host, pathname } = new URL(url);
    hosts.set(host, pathname.replace(/\/$/, ''));
  }
  const [base = ''] = hosts.values();
  const sent = config.rewrite?.host;
  if (sent !== undefined) hosts.set(sent.toLowerCase(), base);
  return { hosts, swap: pathSwap };
}

function urlsOf(config: RouteConfig, upstreams: Upstreams): string[] {
  const sides = sidesOf(config).map((id) => upstreams[id]);
  const fallbacks = sides.map((side) => upstreams[side?.fallback?.upstream ?? '']);
  return [...sides, ...fallbacks].flatMap((each) => each?.targets.map(({ url }) => url) ?? []);
}

/** Most responses do not. */
function namesAddress(headers: HeaderRecord): boolean {
  return (
    headers['location'] !== undefined ||
    headers['set-cookie'] !== undefined ||
    headers['content-location'] !== undefined
  );
}
