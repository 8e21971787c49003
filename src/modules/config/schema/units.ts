import { z } from 'zod';
import {
  DURATION_FORMS,
  DURATION_PATTERN,
  LONGEST_TIMER_MS,
  parseDuration,
} from '../../../common/units/duration.js';
import { parseRatio, RATIO_FORMS, RATIO_PATTERN } from '../../../common/units/ratio.js';
import { parseSize, SIZE_FORMS, SIZE_PATTERN } from '../../../common/units/size.js';

/** A duration above zero, in ms. For timeouts and periods: Node takes a zero for "never". */
export function positiveDuration() {
  return withUnit(
    parseDuration,
    DURATION_PATTERN,
    `${DURATION_FORMS} (above 0, at most 596h)`,
    durationFits(1),
  );
}

/** A duration in ms where zero has a meaning: no delay, no tolerance. */
export function duration() {
  return withUnit(parseDuration, DURATION_PATTERN, `${DURATION_FORMS} (at most 596h)`, durationFits(0));
}

/** A size above zero, in bytes. */
export function positiveSize() {
  return withUnit(parseSize, SIZE_PATTERN, `${SIZE_FORMS} (above 0)`, (bytes) => bytes > 0);
}

/** A size in bytes where zero has a meaning: nothing at all. */
export function size() {
  return withUnit(parseSize, SIZE_PATTERN, SIZE_FORMS, () => true);
}

/** A percentage above 0% and at most 100%, as 0..1. */
export function positiveRatio() {
  return withUnit(parseRatio, RATIO_PATTERN, `${RATIO_FORMS} (above 0%, at most 100%)`, (ratio) => ratio > 0);
}

function durationFits(least: number) {
  return (milliseconds: number) => milliseconds >= least && milliseconds <= LONGEST_TIMER_MS;
}

/**
 * Text with a unit, or a bare 0, which needs none.
 * @param expected what is allowed, as a message says it
 */
function withUnit(
  parse: (text: string) => number | undefined,
  pattern: RegExp,
  expected: string,
  fits: (value: number) => boolean,
) {
  return z
    .union([z.string().regex(pattern, expected), z.literal(0)], expected)
    .transform((written, context) => {
      const value = parse(String(written));
      if (value !== undefined && fits(value)) return value;
      context.addIssue({ code: 'custom', message: expected });
      return z.NEVER;
    });
}
