import { z } from 'zod';
import { corsSchema } from './cors.js';
import { bindAddress, cidr } from './network.js';
import { port } from './scalars.js';
import { duration, positiveDuration, positiveSize, size } from './units.js';

const shutdownSchema = z.strictObject({
  delay: duration()
    .prefault('5s')
    .describe(
      'How long requests are still accepted after SIGTERM, while load balancers notice. Duration; default 5s.',
    ),
  drain: duration()
    .prefault('25s')
    .describe('How long requests in flight may then take before they are cut off. Duration; default 25s.'),
});

export const serverSchema = z.strictObject({
  host: bindAddress().prefault('0.0.0.0').describe('Address or host name to listen on. Default 0.0.0.0.'),
  port: port().prefault(8080).describe('Port to listen on; 0 lets the system choose. Default 8080.'),
  trustProxy: z
    .array(cidr())
    .prefault([])
    .describe(
      'Addresses or CIDR blocks of the peers whose forwarding headers are believed and passed on. Default: nobody.',
    ),
  maxHeaderBytes: positiveSize()
    .prefault('16KiB')
    .describe('Largest request head; above it the answer is 431. Size; default 16KiB.'),
  maxBodyBytes: size()
    .prefault('10MiB')
    .describe(
      'Largest request body, counted while it streams; above it the answer is 413. Size; default 10MiB.',
    ),
  headersTimeout: positiveDuration()
    .prefault('10s')
    .describe('How long a client may take to send its headers before it gets 408. Duration; default 10s.'),
  requestTimeout: positiveDuration()
    .prefault('60s')
    .describe('How long a client may take to send its whole request. Duration; default 60s.'),
  sendTimeout: positiveDuration()
    .prefault('30s')
    .describe(
      'How long a client may take nothing of an answer that is there for it, before it is cut off. Duration; default 30s.',
    ),
  keepAliveTimeout: positiveDuration()
    .prefault('65s')
    .describe(
      'How long an idle client connection is kept. Longer than the idle time of a load balancer in front. Duration; default 65s.',
    ),
  shutdown: shutdownSchema.prefault({}).describe('What happens between SIGTERM and the exit of the process.'),
  cors: corsSchema.prefault({}).describe('Which web pages of other origins may call. Off without `origins`.'),
});
