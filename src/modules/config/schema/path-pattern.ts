import { optional, z } from 'zod';
import { parseTarget } from '../../../common/http/request-target.js';
import { isDecodable } from './http.js';
import { hostToSend } from './network.js';
import { textLike } from './scalars.js';

/** RFC 3986 `pchar`. Characters that need no encoding must not be encoded, so that a pattern has one spelling. */
const LITERAL = /^(?:[A-Za-z0-9._~!$&'()+,;=:@-]|%20|%[89A-Fa-f][0-9A-Fa-f])+$/;
const PARAMETER = /^\{([A-Za-z_][A-Za-z0-9_]*)\}$/;

/** `/users/{id}/**`: literal segments, whole-segment parameters, and a final `**` for all below. */
export function pathPattern() {
  const expected = 'a path such as /users, /users/{id} or /users/**';
  return z
    .string(expected)
    .regex(/^\//, { error: `${expected}, starting with "/"`, abort: true })
    .superRefine((pattern, context) => {
      const message = pathFault(pattern);
      if (message) context.addIssue({ code: 'custom', message });
    });
}

export function segmentsOf(path: string): string[] {
  return path.split('/').slice(1);
}

/** @returns what would be right instead, or `undefined` when `pattern` is right */
function pathFault(pattern: string): string | undefined {
  const segments = segmentsOf(pattern);
  if (segments.at(-1) === '*') {
    const above = pattern.slice(0, -1);
    return `a path such as ${above}** (all below) or ${above}{name} (one segment)`;
  }
  const names = segments.flatMap((segment) => PARAMETER.exec(segment)?.[1] ?? []);
  if (new Set(names).size < names.length) return 'a path whose parameters have different names';
  return segments.map((segment, index) => segmentFault(segment, index === segments.length - 1)).find(Boolean);
}

function segmentFault(segment: string, last: boolean): string | undefined {
  if (segment === '') return last ? undefined : 'a path without "//"';
  if (segment === '**') return last ? undefined : 'a path with "**" as its last segment only';
  if (segment === '.' || segment === '..') return 'a path without "." and ".." segments';
  if (PARAMETER.test(segment) || (LITERAL.test(segment) && isDecodable(segment))) return undefined;
  if (segment.includes('%')) return 'a path that encodes only blanks and UTF-8 letters, and no slash';
  return 'a path of literal segments (no "*", "?", "#", "\\" or blanks), {name} as a whole segment, and a final **';
}

const TEMPLATE = 'a path such as /v1/{rest}: literal segments, and parameters of `match.path` as whole ones';
const PREFIX = 'a path such as /users, of literal segments and without a slash at its end';

/** The key `rewrite` of a route. `checks/path-parameters.ts` reports a rewrite that does not fit `match.path`. */
export const rewriteSchema = z
  .strictObject({
    stripPrefix: optional(
      textLike(/^\//, PREFIX).refine((prefix) => isPath(prefix) && !/[{}]|\/$/.test(prefix), PREFIX),
    ).describe('Prefix of whole segments that is removed from the path; use instead of `path`.'),
    path: optional(textLike(/^\//, TEMPLATE).refine(isPath, TEMPLATE)).describe(
      'Path to forward. `{name}` stands for a segment of the matched path and `{rest}` for the part that `/**` matched.',
    ),
    host: optional(hostToSend()).describe(
      '`Host` that the upstream gets: `upstream` (the host of its URL), `preserve` (what the client has sent) or a host. Without this key it is `upstream`.',
    ),
  })
  .refine(
    ({ stripPrefix, path }) => stripPrefix === undefined || path === undefined,
    '`stripPrefix` or `path`, one of them',
  )
  .refine((rewrite) => Object.keys(rewrite).length > 0, 'at least one of `stripPrefix`, `path` and `host`');

function isPath(path: string): boolean {
  if (!path.startsWith('/') || path.includes('**') || pathFault(path) !== undefined) return false;
  try {
    parseTarget(path);
    return true;
  } catch {
    return false;
  }
}

const PART_PATH =
  'a path such as /users/{id} or /orders?user={id}: parameters of `match.path` as whole segments, or anywhere in the query';
/** RFC 3986 `query`, and parameters. */
const PART_QUERY = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?]|%[0-9A-Fa-f]{2}|\{[A-Za-z_][A-Za-z0-9_]*\})*$/;

/** The path and query of a part of `gather`. `checks/path-parameters.ts` reports parameters that `match.path` does not have. */
export function partPath() {
  return textLike(/^\//, PART_PATH).refine((written) => {
    const [path = '', ...query] = written.split('?');
    return isPath(path) && PART_QUERY.test(query.join('?'));
  }, PART_PATH);
}
