/**
 * Who gives a request header the value that an upstream gets:
 * - `connection`: nobody; the header belongs to one connection (RFC 9110 section 7.6.1) or frames its messages,
 *   and each side's framing is made by its own writer
 * - `gateway`: the gateway alone; what a client sends is dropped
 * - `forwarding`: the gateway, which extends or passes on what a trusted peer sends
 * - `proxy`: a trusted peer; from anybody else it is dropped
 * - `blocked`: nobody; some servers take it for the real URL, method or proxy
 * - `client`: the client
 */
export type HeaderOwner = 'connection' | 'gateway' | 'forwarding' | 'proxy' | 'blocked' | 'client';

/** Headers in which proxies name the user. */
const USER_OF_PROXY = `
  remote-user x-authenticated-user x-remote-user
  x-auth-request-access-token x-auth-request-email x-auth-request-groups x-auth-request-preferred-username
  x-auth-request-user
  x-client-cert x-ssl-client-cert`;

/** The one table of request headers that are not the client's to set; lower-cased names. */
const NAMES: Readonly<Record<Exclude<HeaderOwner, 'client'>, string>> = {
  connection: `
    connection content-length expect http2-settings keep-alive proxy-authenticate proxy-authentication-info
    proxy-authorization proxy-connection te trailer transfer-encoding upgrade`,
  gateway: 'breakwater-mirror breakwater-timing host x-request-deadline x-request-id',
  forwarding: 'forwarded via',
  // Address of the client, scheme, host and original URL, in the spellings of all kinds of proxies and servers; then
  // identity.
  proxy: `
    cf-connecting-ip cf-connecting-ipv6 cf-pseudo-ipv4 client-ip fastly-client-ip forwarded-for proxy-client-ip
    true-client-ip wl-proxy-client-ip x-azure-clientip x-azure-socketip x-client-ip x-cluster-client-ip
    x-forwarded x-originating-ip x-proxyuser-ip x-real-ip x-remote-addr x-remote-ip
    cf-visitor cloudfront-forwarded-proto fastly-ssl front-end-https x-arr-ssl x-https x-proto x-protocol x-scheme
    x-url-scheme
    x-host x-http-host x-http-host-override x-proxy-host x-real-host
    base-url http-url request-uri x-ingress-path x-proxy-url x-request-uri x-script-name
    ${USER_OF_PROXY}`,
  // A CGI program finds `Proxy` as HTTP_PROXY in its environment (CVE-2016-5385).
  blocked: `
    proxy x-http-method x-http-method-override x-method-override x-middleware-subrequest x-original-url
    x-rewrite-url`,
};

const OWNERS: ReadonlyMap<string, HeaderOwner> = new Map(
  // `Object.keys` forgets which keys there are.
  (Object.keys(NAMES) as (keyof typeof NAMES)[]).flatMap((owner) =>
    [...words(NAMES[owner])].map((name) => [name, owner]),
  ),
);

/** Prefixes of headers that carry a verified identity: a client-sent one would let anyone be anybody. */
export const IDENTITY_PREFIXES = ['x-user-', 'x-jwt-'] as const;

/** Headers in which a trusted peer tells upstreams of a user; lower-cased. */
export const USER_HEADERS: readonly string[] = [
  ...words(USER_OF_PROXY),
  'x-forwarded-access-token',
  'x-forwarded-client-cert',
  'x-forwarded-email',
  'x-forwarded-groups',
  'x-forwarded-preferred-username',
  'x-forwarded-user',
];

const FORWARDING_PREFIX = 'x-forwarded-';

/** More of what only a trusted peer may send: `X-Forward-For`, `X-Original-Host`, and Envoy's original path and controls. */
const PROXY_PREFIXES = ['x-forward-', 'x-forwarder-', 'x-original-', 'x-envoy-'] as const;

/** Response headers that the gateway alone sets. */
const SET_FOR_CLIENTS: ReadonlySet<string> = words('breakwater-fallback cache-status via x-request-id');

/** Headers that a peer cannot remove by naming them in `Connection`, since they carry safety or meaning. */
const NOT_NOMINABLE: ReadonlySet<string> = words('authorization cache-control cookie host set-cookie vary');

const NONE: ReadonlySet<string> = new Set();

/** @param name lower case */
export function ownerOf(name: string): HeaderOwner {
  const owner = OWNERS.get(name);
  if (owner !== undefined) return owner;
  if (name.startsWith('x-')) {
    if (name.startsWith(FORWARDING_PREFIX)) return 'forwarding';
    if (IDENTITY_PREFIXES.some((prefix) => name.startsWith(prefix))) return 'gateway';
    if (PROXY_PREFIXES.some((prefix) => name.startsWith(prefix))) return 'proxy';
  }
  // CGI-like servers read `X_User_Id`, `X.User.Id` and `X-User-Id` as one header, so the twins are never passed on.
  const twin = dashed(name);
  return twin !== name && ownerOf(twin) !== 'client' ? 'blocked' : 'client';
}

/** @returns the header that CGI-like servers take a name for */
export function dashed(name: string): string {
  return name.includes('_') || name.includes('.') ? name.replaceAll(/[_.]/g, '-') : name;
}

/** @param name lower case */
export function isHopByHop(name: string): boolean {
  return OWNERS.get(name) === 'connection';
}

/**
 * @param name lower case
 * @returns whether an upstream gets the value that a client sends, with what the gateway adds to it
 */
export function passesOn(name: string, peerTrusted: boolean): boolean {
  const owner = ownerOf(name);
  return owner === 'client' || (peerTrusted && (owner === 'forwarding' || owner === 'proxy'));
}

/** @returns whether no rule may change a request header, in whatever case: framing, identity, origin, handshakes */
export function isReservedInRequests(written: string): boolean {
  const name = dashed(written.toLowerCase());
  const owner = ownerOf(name);
  return owner === 'connection' || owner === 'gateway' || owner === 'forwarding' || isOfHandshake(name);
}

/** @returns whether no rule may change a response header, in whatever case */
export function isReservedInResponses(written: string): boolean {
  const name = written.toLowerCase();
  return isHopByHop(name) || SET_FOR_CLIENTS.has(name) || isOfHandshake(name);
}

/** With other values than those of client and upstream, a handshake fails and counts against a healthy upstream. */
function isOfHandshake(name: string): boolean {
  return name.startsWith('sec-websocket-');
}

/** @returns the lower-cased names that a `Connection` field asks us to drop, beyond those always dropped */
export function nominatedByConnection(connection: string | undefined): ReadonlySet<string> {
  if (connection === undefined) return NONE;
  const lower = connection.toLowerCase();
  if (lower === 'keep-alive' || lower === 'close') return NONE;
  return new Set(
    fieldNames(lower).filter((name) => !NOT_NOMINABLE.has(name) && ownerOf(name) !== 'forwarding'),
  );
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}

/** @returns the lower-cased members of a list of field names */
export function fieldNames(list: string): string[] {
  const names = list.toLowerCase().split(',');
  return names.map((name) => name.trim()).filter((name) => name !== '');
}
