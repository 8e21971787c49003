import { z } from 'zod';
import { bindAddress } from './network.js';
import { port } from './scalars.js';

export const managementSchema = z.strictObject({
  host: bindAddress()
    .prefault('127.0.0.1')
    .describe('Address or host name that metrics, health and administration listen on. Default 127.0.0.1.'),
  token: z
    .string()
    .prefault('')
    .describe(
      'What the administration asks for, as a bearer token or as the password of any user. Empty: no token is ' +
        'asked for on a loopback address, of who asks for localhost or an address, and nobody gets in on any other.',
    ),
  port: port().prefault(9090).describe('Their port; 0 lets the system choose. Default 9090.'),
});
