/** Version, trace, span, flags, and any parts that a later version adds. */
const TRACEPARENT =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-[\x21-\x7e]*)?$/;
const LENGTH_OF_VERSION_00 = 55;

/** @returns whether a header, in lower case, belongs to W3C Trace Context */
export function isTraceHeader(name: string): boolean {
  return name === 'traceparent' || name === 'tracestate';
}

/**
 * @param headers names and values in turn
 * @returns the same if there is one valid `traceparent`; otherwise without the trace headers, so that the next service
 *   starts a trace of its own
 */
export function withValidTrace(headers: string[]): string[] {
  const parents = headers.filter((_, i) => i % 2 === 1 && headers[i - 1]?.toLowerCase() === 'traceparent');
  const [parent = ''] = parents;
  if (parents.length === 1 && isValid(parent)) return headers;
  return headers.filter((_, i) => !isTraceHeader((headers[i - (i % 2)] ?? '').toLowerCase()));
}

function isValid(parent: string): boolean {
  const version = TRACEPARENT.exec(parent)?.[1];
  return version !== undefined && (version !== '00' || parent.length === LENGTH_OF_VERSION_00);
}

/** @returns the id of the trace that a request belongs to; `undefined` without a valid `traceparent` */
export function traceIdOf(parent: string | readonly string[] | undefined): string | undefined {
  return typeof parent === 'string' && isValid(parent) ? parent.slice(3, 35) : undefined;
}
