import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';
import { Readable } from 'node:stream';

/** Statuses that a `Response` must have no body with. */
const WITHOUT_BODY: ReadonlySet<number | undefined> = new Set([204, 205, 304]);

/**
 * Gets a URL of a management port. `fetch` refuses some ports, such as 6000 and 10080, because web pages must not reach them.
 *
 * @throws Error with the code of the system as its message, or the reason of the signal
 */
export function nodeFetch(
  url: string | URL,
  { headers, signal }: { readonly headers: Readonly<Record<string, string>>; readonly signal: AbortSignal },
): Promise<Response> {
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  const get = new URL(url).protocol === 'https:' ? getHttps : getHttp;
  const request = get(url, { headers, signal, agent: false }, (message) => {
    const { statusCode = 0 } = message;
    const isEmpty = WITHOUT_BODY.has(statusCode);
    if (isEmpty) message.resume();
    resolve(new Response(isEmpty ? null : Readable.toWeb(message), { status: statusCode }));
  });
  request.on('error', (error: NodeJS.ErrnoException) =>
    reject(signal.aborted ? signal.reason : new Error(error.code ?? error.message, { cause: error })),
  );
  return promise;
}
