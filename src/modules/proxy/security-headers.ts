import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import helmet, { type HelmetOptions } from 'helmet';
import { ClientHeaders } from '../../common/http/response-headers.js';
import type { CorsConfig, SecurityHeadersConfig } from '../config/gateway-config.js';
import type { Exchange } from '../routing/exchange.js';

export const HSTS = 'strict-transport-security';

/** What fits answers of an API, also when pages of other sites use them: nothing that governs the page itself. */
const API: HelmetOptions = {
  contentSecurityPolicy: false,
  crossOriginOpenerPolicy: false,
  crossOriginResourcePolicy: false,
  originAgentCluster: false,
  referrerPolicy: false,
  strictTransportSecurity: { includeSubDomains: false },
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xFrameOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
};

/** Of the gateway's own answers. */
export const OWN_PAGES: HelmetOptions = { strictTransportSecurity: { includeSubDomains: false } };

export interface SecurityHeaders {
  /** Lower-cased names, without `Strict-Transport-Security`. */
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  /** `Strict-Transport-Security`, which is for answers over TLS alone (RFC 6797 section 7.2). */
  readonly hsts: string | undefined;
}

/** @returns what the configuration asks for */
export function securityHeadersOf(config: SecurityHeadersConfig): SecurityHeaders {
  if (config === 'off') return { headers: [], hsts: undefined };
  // The schema has let helmet itself check the options.
  return securityHeaders(config === 'api' ? API : (config as HelmetOptions));
}

/**
 * Asks helmet once: its headers depend on nothing in a request, and setting a dozen of them one by one on each response
 * costs more than the rest of the head.
 */
export function securityHeaders(options: HelmetOptions): SecurityHeaders {
  const res = new ServerResponse(new IncomingMessage(new Socket()));
  helmet(options)(res.req, res, () => undefined);
  const headers = res.getHeaderNames().map((name) => ({ name, value: String(res.getHeader(name)) }));
  return {
    headers: headers.filter(({ name }) => name !== HSTS),
    hsts: headers.find(({ name }) => name === HSTS)?.value,
  };
}

/** Headers that only the gateway may set, and the one that helmet removes. */
const DROPPED_HEADERS = ['x-request-id', 'breakwater-fallback', 'x-powered-by'];

const CORS_HEADERS = [
  'access-control-allow-credentials',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-allow-origin',
  'access-control-expose-headers',
  'access-control-max-age',
];

/** How the headers of an answer are made of those of its sender. */
export interface AnswerHeaders extends Pick<SecurityHeaders, 'hsts'> {
  readonly headers: ClientHeaders;
}

/** By what the configuration asks for. */
const compiled = new Map<string, AnswerHeaders>();

/** @param security what the configuration asks for, or `own` for answers of the gateway itself */
export function answerHeaders(
  security: SecurityHeadersConfig | 'own',
  { origins }: CorsConfig,
): AnswerHeaders {
  const hasCors = origins.length > 0;
  const name = JSON.stringify([security, hasCors]);
  let known = compiled.get(name);
  if (!known) {
    const { headers, hsts } = security === 'own' ? securityHeaders(OWN_PAGES) : securityHeadersOf(security);
    // With CORS on, only the gateway's own headers are sent, because a browser rejects two sets of them.
    const dropped = hasCors ? [...CORS_HEADERS, ...DROPPED_HEADERS] : DROPPED_HEADERS;
    compiled.set(name, (known = { headers: new ClientHeaders(headers, dropped), hsts }));
  }
  return known;
}

/** @returns whether the client uses TLS, to the gateway or to a trusted proxy */
export function isOverTls({ req, head, usesTls }: Exchange): boolean {
  if (usesTls) return true;
  return head.peerTrusted && /^https\s*(?:,|$)/i.test(String(req.headers['x-forwarded-proto'] ?? ''));
}
