import { z } from 'zod';
import { statusRange } from './http.js';
import { count } from './scalars.js';
import { positiveDuration } from './units.js';

const path = 'a path such as /health, with a query if need be';

export const healthSchema = z.strictObject({
  path: z
    .string(path)
    .regex(/^\/[\x21\x24-\x5b\x5d-\x7e]*$/, path)
    .prefault('/health')
    .describe('What a probe asks the upstream for. Default /health.'),
  interval: positiveDuration().prefault('15s').describe('Time between probes. Duration; default 15s.'),
  unhealthyInterval: positiveDuration()
    .prefault('3s')
    .describe('Time between probes while they fail. Duration; default 3s.'),
  timeout: positiveDuration().prefault('2s').describe('How long a probe may take. Duration; default 2s.'),
  failures: count().prefault(3).describe('Failing probes in a row that open the breaker. Default 3.'),
  passes: count().prefault(2).describe('Passing probes in a row that close it. Default 2.'),
  statuses: z
    .array(statusRange())
    .min(1, 'at least one status')
    .prefault(['200-299'])
    .describe('Statuses, or ranges of them, that pass. Default 200-299.'),
});
