import helmet, { type HelmetOptions } from 'helmet';
import { optional, z } from 'zod';
import { reasonOf } from '../../../common/errors/fault.js';
import { boolean } from './scalars.js';

const NAMES = [
  'contentSecurityPolicy',
  'crossOriginEmbedderPolicy',
  'crossOriginOpenerPolicy',
  'crossOriginResourcePolicy',
  'originAgentCluster',
  'referrerPolicy',
  'strictTransportSecurity',
  'xContentTypeOptions',
  'xDnsPrefetchControl',
  'xDownloadOptions',
  'xFrameOptions',
  'xPermittedCrossDomainPolicies',
  'xXssProtection',
] as const satisfies readonly (keyof HelmetOptions)[];

const EXPECTED = 'api, off, or a mapping of the options of helmet such as { xFrameOptions: false }';
const shape = Object.fromEntries(NAMES.map((name) => [name, option(name)])) as Record<
  (typeof NAMES)[number],
  ReturnType<typeof option>
>;

function option(name: string) {
  const value = z.union([boolean(), z.record(z.string(), z.unknown())], 'true, false or a mapping');
  return optional(value).describe(`The option \`${name}\` of helmet: false, true or a mapping.`);
}

/** Options of helmet, which checks them itself. */
const helmetOptions = z.strictObject(shape).superRefine((options, context) => {
  try {
    // Typed more exactly there.
    helmet(options as HelmetOptions);
  } catch (error) {
    context.addIssue({ code: 'custom', message: `options that helmet accepts (${reasonOf(error)})` });
  }
});

/** Which security headers answers of upstreams get. */
export const securityHeadersSchema = z.union([z.enum(['api', 'off']), helmetOptions], EXPECTED);
