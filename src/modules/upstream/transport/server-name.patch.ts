import type { buildConnector } from 'undici';

/*
 * undici 8.12 derives the server name of TLS from the `Host` header of each request, and closes its connection when the
 * next request has another one. Here the server name belongs to the upstream, whatever `Host` a route sends, so every
 * request gets the same name, which the connector then ignores in favour of its own options. The option is not in
 * undici's types. This can go when "sends the Host that a route asks for over one TLS connection" passes without it.
 */
export const SAME_SERVER_NAME = { servername: 'upstream' };

export function ownServerName(to: buildConnector.Options): buildConnector.Options {
  return { ...to, servername: undefined };
}
