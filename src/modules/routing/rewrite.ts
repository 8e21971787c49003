import type { PathSwap } from '../../common/http/public-address.js';
import { parseTarget } from '../../common/http/request-target.js';
import type { RewriteConfig } from '../config/gateway-config.js';

/** Maps the matched path to the forwarded path; both are normalised and have no query. */
export type Rewrite = (path: string) => string;

/**
 * Compiles a rewrite. It moves whole segments of the matched path and never decodes them, so the result is as normalised
 * as the path.
 *
 * @param pattern path pattern of the route
 * @param rewrite checked against it
 * @returns `undefined` when the path stays
 */
export function compileRewrite(pattern: string, { stripPrefix, path }: RewriteConfig): Rewrite | undefined {
  const segments = segmentsOf(pattern);
  if (stripPrefix !== undefined) return compileStrip(segments, segmentsOf(stripPrefix));
  return path === undefined ? undefined : compileTemplate(segments, segmentsOf(path));
}

/**
 * @returns the starts that a rewrite has swapped, for paths that the upstream names; `undefined` when it moves parts of
 *   the path in another way
 */
export function pathSwapOf(pattern: string, { stripPrefix, path }: RewriteConfig = {}): PathSwap | undefined {
  if (stripPrefix !== undefined) return { upstream: '', public: joined(segmentsOf(stripPrefix)) };
  if (path === undefined) return { upstream: '', public: '' };
  const from = segmentsOf(pattern);
  const to = segmentsOf(path);
  const isSwap = from.pop() === '**' && to.pop() === '{rest}' && [...from, ...to].every(isLiteralSegment);
  return isSwap ? { upstream: joined(to), public: joined(from) } : undefined;
}

function joined(segments: readonly string[]): string {
  return segments.map((segment) => `/${segment}`).join('');
}

/** @returns the start of the path that stripping removed, or an empty string */
export function strippedPrefix(path: string, rewritten: string): string {
  const rest = rewritten === '/' && !path.endsWith('/') ? '' : rewritten;
  return path.slice(0, path.length - rest.length);
}

function compileStrip(pattern: readonly string[], prefix: readonly string[]): Rewrite {
  const isLiteral = prefix.every((_, i) => isLiteralSegment(pattern[i]));
  // The route matched, so the path has the prefix, in one of its spellings.
  if (isLiteral) return (path) => after(path, prefix.length) || '/';
  const start = `/${prefix.join('/')}`;
  return (path) => (path === start || path.startsWith(`${start}/`) ? path.slice(start.length) || '/' : path);
}

function compileTemplate(pattern: readonly string[], template: readonly string[]): Rewrite {
  const rest = pattern.length - 1;
  const parts = template.map((segment): ((path: string, segments: readonly string[]) => string) => {
    if (segment === '{rest}' && pattern[rest] === '**') return (path) => after(path, rest);
    if (isLiteralSegment(segment)) return () => `/${segment}`;
    const index = pattern.indexOf(segment) + 1;
    return (_, segments) => `/${segments[index] ?? ''}`;
  });
  return (path) => {
    const segments = path.split('/');
    return parts.map((part) => part(path, segments)).join('') || '/';
  };
}

/** @returns the part of the path after a number of segments, with its slash; empty if there is none */
function after(path: string, segments: number): string {
  let at = 0;
  for (let i = 0; i < segments && at !== -1; i++) at = path.indexOf('/', at + 1);
  return at === -1 ? '' : path.slice(at);
}

/** A trailing slash is an empty last segment. */
function segmentsOf(pattern: string): string[] {
  return parseTarget(pattern).path.split('/').slice(1);
}

function isLiteralSegment(segment: string | undefined): boolean {
  return segment !== undefined && segment !== '**' && !segment.startsWith('{');
}
