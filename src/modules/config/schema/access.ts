import { optional, z } from 'zod';
import { cidr } from './network.js';
import { boolean, list, positiveDuration, text } from './scalars.js';

export const accessSchema = z.strictObject({
  allow: list(cidr()).describe(
    'Addresses or CIDR blocks of the clients that can call. Without any, every client can.',
  ),
  deny: list(cidr()).describe(
    'Addresses or CIDR blocks of clients that cannot call, even if `allow` contains them.',
  ),
});

const maintenanceSchema = z.strictObject({
  retryAfter: positiveDuration('1m').describe('When clients should try again: `Retry-After`.'),
  message: optional(text('a sentence for users')).describe('What users are told: the `detail` of the error.'),
});

/** `true` is a mapping without keys. */
export const maintenance = z.union(
  [boolean().transform((on) => (on ? maintenanceSchema.parse({}) : undefined)), maintenanceSchema],
  'true, false or a mapping such as { retryAfter: 10m }',
);
