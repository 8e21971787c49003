import { optional, z } from 'zod';
import { partPath } from './path-pattern.js';
import { byId, jsonValue, positiveSize, upstreamId } from './scalars.js';

const partSchema = z.strictObject({
  upstream: upstreamId().describe('Id of the upstream that is asked.'),
  path: partPath().describe(
    'Path and query of the `GET`. `{name}` stands for a segment of the matched path, percent-encoded: a whole segment here, or any text of the query.',
  ),
  fallback: optional(jsonValue()).describe(
    'Value that takes the place of the part when it fails. Without this key, a part that fails fails the whole answer.',
  ),
  maxBytes: positiveSize('1MiB').describe('Largest body of the part. A longer one counts as a failure.'),
});

/** The key `gather` of a route. `checks/routes-and-upstreams.ts` reports what does not fit the rest of the route. */
export const gatherSchema = byId(partSchema).refine(
  (parts) => Object.keys(parts).length > 0,
  'at least one part, such as user: { upstream: users, path: "/users/{id}" }',
);
