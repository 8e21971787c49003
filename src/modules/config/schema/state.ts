import { optional, z } from 'zod';
import { text } from './scalars.js';

export const stateSchema = z.strictObject({
  file: optional(text('the path of a file')).describe(
    'File in which open breakers and used rate limits are kept over a restart, relative to the folder of the configuration. Each gateway needs its own. Without it, they are forgotten.',
  ),
});
