import type { HttpService } from '@nestjs/axios';
import { firstValueFrom } from 'rxjs';

export type FetchFailure = 'unreachable' | 'timeout' | 'status' | 'too_large' | 'malformed';

/** A fetch from an issuer failed. The message is the kind of failure and contains nothing of the response. */
export class FetchError extends Error {
  override readonly name = 'FetchError';

  constructor(
    readonly failure: FetchFailure,
    /** The status of the response, if that is the failure. */
    readonly status?: number,
    /** Why there was no response, such as `ECONNREFUSED`. */
    readonly code?: string,
  ) {
    super(failure);
  }
}

export interface FetchOptions {
  /** Milliseconds, body included. */
  readonly timeout: number;
  /** Bytes after decompression. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** Sends a POST with a form instead of a GET. */
  readonly form?: Readonly<Record<string, string>>;
  readonly authorization?: string;
}

/**
 * Fetches JSON from an issuer. It follows no redirects, which could lead anywhere inside the network, and uses no proxy
 * of the environment.
 *
 * @throws FetchError
 */
export async function fetchJson(http: HttpService, url: string, options: FetchOptions): Promise<unknown> {
  const { timeout, maxBytes, signal, form, authorization } = options;
  const deadline = AbortSignal.timeout(timeout);
  try {
    const { status, data } = await firstValueFrom(
      http.request<string>({
        url,
        method: form ? 'POST' : 'GET',
        // axios sends this class as a form, with its content type.
        data: form && new URLSearchParams(form),
        headers: { Accept: 'application/json', Authorization: authorization },
        signal: AbortSignal.any([signal, deadline]),
        maxRedirects: 0,
        maxContentLength: maxBytes,
        proxy: false,
        responseType: 'text',
        validateStatus: () => true,
      }),
    );
    if (status !== 200) throw new FetchError('status', status);
    return JSON.parse(data) as unknown;
  } catch (error) {
    if (error instanceof FetchError) throw error;
    if (error instanceof SyntaxError) throw new FetchError('malformed');
    if (deadline.aborted) throw new FetchError('timeout');
    if (isTooLarge(error)) throw new FetchError('too_large');
    throw new FetchError('unreachable', undefined, errorCode(error));
  }
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** axios has one code for several failures; only the message identifies this one. */
function isTooLarge(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('maxContentLength');
}
