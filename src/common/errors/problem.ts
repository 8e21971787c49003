import { PROBLEMS, type ProblemCode } from './codes.js';

export const PROBLEM_CONTENT_TYPE = 'application/problem+json';

/** The body of RFC 9457, with the members that Breakwater adds. */
export interface ProblemDetails {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly code: ProblemCode;
  readonly requestId?: string;
  readonly upstream?: string;
}

export interface ProblemOptions {
  /** What the reader of the answer can do about it. */
  readonly detail?: string;
  /** The upstream that the answer is about. */
  readonly upstream?: string;
  /** Replaces the status of the code, where the configuration says so. */
  readonly status?: number;
  /** Headers that belong to the answer, such as `WWW-Authenticate` or `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Closes the connection, which cannot be trusted after this request. */
  readonly close?: boolean;
  readonly cause?: unknown;
}

/** An error of the request path. Clients get its `details`, or a page for people. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly status: number;

  constructor(
    readonly code: ProblemCode,
    readonly options: ProblemOptions = {},
  ) {
    super(PROBLEMS[code].title, { cause: options.cause });
    this.status = options.status ?? PROBLEMS[code].status;
  }

  /**
   * @param typeBase start of the `type`, of `server.errors`
   * @returns the problem document
   */
  details(typeBase: string, requestId?: string): ProblemDetails {
    const { code, message: title, status } = this;
    const { detail, upstream } = this.options;
    return { type: typeBase + code, title, status, detail, code, requestId, upstream };
  }
}
