import { z } from 'zod';
import { count } from './scalars.js';
import { positiveDuration, positiveRatio } from './units.js';

export const outlierSchema = z.strictObject({
  consecutiveFailures: count().prefault(5).describe('Failing tries in a row that eject a target. Default 5.'),
  ejectFor: positiveDuration()
    .prefault('10s')
    .describe('How long it is left alone the first time; longer when it relapses. Duration; default 10s.'),
  maxEjected: positiveRatio()
    .prefault('50%')
    .describe(
      'Largest share of the targets that may be out, those aside that take no connection; one of several always may. Percentage; default 50%.',
    ),
});
