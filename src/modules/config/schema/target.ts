import { z } from 'zod';
import { upstreamUrl } from './network.js';
import { integer } from './scalars.js';

export const targetSchema = z.strictObject({
  url: upstreamUrl().describe('http or https, host, port, and a path prefix if need be. Required.'),
  weight: integer(1, 100)
    .prefault(1)
    .describe('Its share of the requests beside the other targets. Default 1.'),
});

const HASH_ON = /^(?:ip|user|header:[!#$%&'*+\-.^_`|~0-9A-Za-z]+)$/;

export function hashOn() {
  return (
    z
      .string()
      .regex(HASH_ON, 'ip, user or header:NAME')
      // The pattern admits nothing else.
      .transform((text) => text.toLowerCase() as 'ip' | 'user' | `header:${string}`)
  );
}
