// @ts-check
import { visible } from './format.js';

/** @import { Failure } from './wire.js' */

/** Codes of Node, undici and OpenSSL. */
const CODES = new Map([
  ['ECONNREFUSED', 'connection refused'],
  ['ECONNRESET', 'connection reset'],
  ['EPIPE', 'connection closed'],
  ['UND_ERR_SOCKET', 'connection closed'],
  ['ETIMEDOUT', 'no connection in time'],
  ['UND_ERR_CONNECT_TIMEOUT', 'no connection in time'],
  ['EHOSTUNREACH', 'host unreachable'],
  ['ENETUNREACH', 'network unreachable'],
  ['ENOTFOUND', 'host name not found'],
  ['EAI_AGAIN', 'DNS does not answer'],
  ['CERT_HAS_EXPIRED', 'TLS certificate expired'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'TLS certificate not trusted'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'TLS certificate not trusted'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'TLS certificate not trusted'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'TLS certificate not trusted'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'TLS certificate is for another name'],
  ['timeout', 'no response in time'],
]);

/**
 * @param {Omit<Failure, 'at'>} failure
 * @returns such as `connection refused at 10.0.0.7:3001`
 */
export function failureWords({ outcome, detail, target }) {
  const at = target === undefined ? '' : ` at ${visible(target)}`;
  const from = target === undefined ? '' : ` from ${visible(target)}`;
  switch (outcome) {
    case 'upstream_status':
      return `status ${visible(detail)}${from}`;
    case 'connect_failed':
      return codeWords(detail, 'no connection') + at;
    case 'reset':
      return codeWords(detail, 'connection closed before the response') + at;
    case 'deadline':
    case 'try_timeout':
      return `no response in time${from}`;
    case 'malformed_response':
      return `response that is not valid HTTP${from}`;
    case 'died_mid_body':
      return `response cut off${from}`;
    case 'probe':
      return `health probe: ${probeWords(detail)}`;
    default:
      return `${visible(outcome).replaceAll('_', ' ')} (${visible(detail)})${at}`;
  }
}

/** @param {string} detail status or error code */
export function probeWords(detail) {
  return /^\d{3}$/.test(detail) ? `status ${detail}` : codeWords(detail, 'no valid response');
}

/** @type {(code: string, otherwise: string) => string} */
function codeWords(code, otherwise) {
  return CODES.get(code) ?? `${otherwise} (${visible(code)})`;
}

/**
 * Equal failures once, the most frequent one first.
 *
 * @param {readonly Failure[]} failures
 * @returns such as `status 500 from a:80 (3), no response in time from b:80 (2)`
 */
export function failuresWords(failures) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const failure of failures) {
    const words = failureWords(failure);
    counts.set(words, (counts.get(words) ?? 0) + 1);
  }
  const sorted = [...counts].toSorted(([, a], [, b]) => b - a);
  if (sorted.length === 1) return sorted[0]?.[0] ?? '';
  return sorted.map(([words, n]) => `${words} (${n})`).join(', ');
}

/**
 * @param {Pick<Failure, 'outcome' | 'detail'> | undefined} failure
 * @returns what to look at
 */
export function adviceFor(failure) {
  if (!failure) return undefined;
  const words = failureWords({ ...failure, target: undefined });
  if (/refused|unreachable/.test(words))
    return 'Check that the service is running and that nothing between blocks the port.';
  if (/certificate/.test(words)) return 'Check the certificate of the service, and `tls` of the upstream.';
  if (/DNS|host name/.test(words)) return 'Check the host name of the upstream, and DNS.';
  if (/in time/.test(words))
    return 'The service is slow or unreachable. Check its load and what it depends on.';
  if (/status/.test(words))
    return 'The service answers with errors. Look at its log, and at its last release.';
  return 'Look at the log of the service, and whether it restarts.';
}
