/** The form that `parseRatio` reads, for schemas and editors: `50%`, `0.5%`. */
export const RATIO_PATTERN = /^(\d+(?:\.\d+)?)%$/;

/** The form in words, for messages. */
export const RATIO_FORMS = 'a percentage such as 50%';

/** @returns 0..1, or `undefined` when `text` is not a percentage between `0%` and `100%`. */
export function parseRatio(text: string): number | undefined {
  const match = RATIO_PATTERN.exec(text);
  const ratio = Number(match?.[1]) / 100;
  return ratio <= 1 ? ratio : undefined;
}
