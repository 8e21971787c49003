import { prefault, z } from 'zod';
import { positiveDuration, positiveRatio } from './scalars.js';

export const PRIORITIES = ['low', 'normal', 'high'] as const;

const overloadSchema = z.strictObject({
  maxWait: positiveDuration('100ms').describe(
    'How long a request can wait until it is started. It is an overload when requests have waited for longer over a whole second; until that is over, those that do are rejected. `low` requests are rejected after half of the time, `high` ones after twice as long.',
  ),
  maxMemory: positiveRatio('90%').describe(
    "Share of the memory, of V8's heap or of the container, above which new requests are rejected. `low` ones are rejected 5% earlier, `high` ones 5% later.",
  ),
});

export function overload() {
  return prefault(
    z.union([z.literal('off'), overloadSchema], 'off, or a mapping such as { maxWait: 100ms }'),
    {},
  );
}
