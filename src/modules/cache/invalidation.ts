import { normaliseHost, parseTarget } from '../../common/http/request-target.js';
import type { HeaderRecord } from '../../common/http/response-headers.js';

/** RFC 9110 section 9.2.1. */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** A resource: the authority it was asked under, and path with query. */
export interface ResourceName {
  /** Host as matched, with the port unless it is the usual one. */
  readonly origin: string;
  readonly target: string;
}

export function isUnsafe(method: string): boolean {
  return !SAFE_METHODS.has(method);
}

/**
 * RFC 9111 section 4.4: what the answer to an unsafe method makes invalid: its target, and what `Location` and
 * `Content-Location` name on the same origin (another origin's are not this one's to drop).
 */
export function invalidated(status: number, headers: HeaderRecord, of: ResourceName): ResourceName[] {
  // Section 4.4: only a non-error answer, 2xx or 3xx.
  if (status < 200 || status >= 400) return [];
  const named = [headers['location'], headers['content-location']]
    .map((field) => (typeof field === 'string' ? resolve(field, of) : undefined))
    .filter((name) => name !== undefined);
  return [of, ...named];
}

function resolve(reference: string, of: ResourceName): ResourceName | undefined {
  const base = `http://${of.origin || 'unnamed'}${of.target}`;
  const url = URL.parse(reference, base);
  if (!url || !/^https?:$/.test(url.protocol)) return undefined;
  try {
    const { path, query } = parseTarget(url.pathname + url.search);
    // Either scheme: the gateway may stand behind a TLS proxy, which the upstream knows and this place does not.
    const origin = originName(url.host, normaliseHost(url.host));
    return origin === (of.origin || 'unnamed') ? { origin: of.origin, target: path + query } : undefined;
  } catch {
    return undefined;
  }
}

const PORT = /:(\d+)$/;
const USUAL_PORTS: ReadonlySet<string | undefined> = new Set([undefined, '80', '443']);

/** @param host the normalised host of `authority` */
export function originName(authority: string, host: string): string {
  const port = PORT.exec(authority)?.[1];
  return USUAL_PORTS.has(port) ? host : `${host}:${port}`;
}
