import { z } from 'zod';
import { integer, text } from './scalars.js';

const sideSchema = z.strictObject({
  upstream: text('the id of an upstream').describe('Id of the upstream. Required.'),
  weight: integer(0, 100)
    .prefault(1)
    .describe('Its share of the users beside the other sides; 0 for nobody. Default 1.'),
});

export const splitSchema = z
  .array(sideSchema)
  .refine((sides) => sides.some(({ weight }) => weight !== 0), 'at least one side with a weight above 0');
