import { z } from 'zod';
import { authSchema } from './auth.js';
import { cacheSchema } from './cache.js';
import { managementSchema } from './management.js';
import { redisSchema } from './redis.js';
import { routesSchema } from './route.js';
import { serverSchema } from './server.js';
import { defaultsSchema, upstreamsSchema } from './upstream.js';

/** The whole file, `defaults` already merged into the upstreams. */
export const gatewaySchema = z.strictObject({
  server: serverSchema.prefault({}).describe('The port that clients call.'),
  management: managementSchema.prefault({}).describe('The port for metrics, health and administration.'),
  auth: authSchema
    .prefault({})
    .describe('Token issuers by id. With at least one, a route without `auth` requires a valid token.'),
  redis: redisSchema
    .prefault({})
    .describe('What several gateways share: cached responses. Without it each has its own, in memory.'),
  cache: cacheSchema.prefault({}).describe('The memory that routes with `cache` share.'),
  defaults: defaultsSchema.prefault({}).describe('Values for every upstream that does not set them itself.'),
  upstreams: upstreamsSchema.prefault({}).describe('The services behind the gateway, by id.'),
  routes: routesSchema.prefault([]).describe('Which requests go to which upstream.'),
});

/** What the schema makes of the file: units resolved, defaults filled in, references not yet followed. */
export type ParsedGateway = z.output<typeof gatewaySchema>;
