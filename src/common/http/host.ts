import { ProblemError } from '../errors/problem.js';

const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?(?::([0-9]{1,5}))?$/;

/**
 * Normalises an authority for matching: lower case, no port, no trailing dot.
 *
 * @throws ProblemError `malformed_host` on anything that is no host and port, user info included
 */
export function normaliseHost(authority: string): string {
  const match = HOST.exec(authority.toLowerCase());
  const host = match?.[1];
  if (host === undefined || Number(match?.[2] ?? 0) > 65_535) {
    throw new ProblemError('malformed_host', { close: true });
  }
  return host;
}
