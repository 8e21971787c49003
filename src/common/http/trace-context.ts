/** Version, trace, span, flags, and what a later version may add. */
const TRACEPARENT =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-[\x21-\x7e]*)?$/;
const LENGTH_OF_VERSION_00 = 55;

/** @returns whether a field, in lower case, is of a trace (W3C Trace Context) */
export function isOfTrace(name: string): boolean {
  return name === 'traceparent' || name === 'tracestate';
}

/**
 * @param headers names and values in turn
 * @returns the same without a parent that cannot be read, or one of several, and without a state that has no parent:
 *   the next service begins a trace of its own
 */
export function withSoundTrace(headers: string[]): string[] {
  const parents = headers.filter((_, i) => i % 2 === 1 && headers[i - 1]?.toLowerCase() === 'traceparent');
  const [parent = ''] = parents;
  if (parents.length === 1 && isSound(parent)) return headers;
  return headers.filter((_, i) => !isOfTrace((headers[i - (i % 2)] ?? '').toLowerCase()));
}

function isSound(parent: string): boolean {
  const version = TRACEPARENT.exec(parent)?.[1];
  return version !== undefined && (version !== '00' || parent.length === LENGTH_OF_VERSION_00);
}
