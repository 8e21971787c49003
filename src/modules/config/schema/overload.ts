import { prefault, z } from 'zod';
import { positiveDuration, positiveRatio } from './scalars.js';

export const PRIORITIES = ['low', 'normal', 'high'] as const;

const overloadSchema = z.strictObject({
  maxWait: positiveDuration('100ms').describe(
    'How long a request can wait until it is started. The process is overloaded when the oldest request has waited for longer at ten checks in a row, 100 ms apart; while it is, the newest requests start first, and those that have waited for longer are rejected. `low` requests are rejected after half of the time, `high` ones after twice as long.',
  ),
  maxMemory: positiveRatio('90%').describe(
    "Share of the memory, of V8's old generation or of the container, above which new requests are rejected. It is 5 percentage points lower for `low` requests and 5 higher for `high` ones.",
  ),
});

export function overload() {
  return prefault(
    z.union([z.literal('off'), overloadSchema], 'off, or a mapping such as { maxWait: 100ms }'),
    {},
  );
}
