/** How many causes of causes are read. */
const MAX_CAUSES = 5;

/**
 * What the log says of a thrown value: never its own properties, because errors of HTTP clients hold requests and responses
 * with tokens and bodies.
 */
export class Fault {
  /** Name of the class, or the type of a value that is not an object. */
  readonly type: string;
  /** With the messages of its causes, as in `fetch failed: connect ECONNREFUSED`. */
  readonly message: string;
  readonly code: string | number | undefined;
  readonly status: number | undefined;
  /** With the stacks of its causes. */
  readonly stack: string | undefined;

  private constructor(type: string, message: string, stack?: string, code?: unknown, status?: unknown) {
    this.type = type;
    this.message = message;
    this.code = typeof code === 'string' || typeof code === 'number' ? code : undefined;
    this.status = typeof status === 'number' ? status : undefined;
    this.stack = stack;
  }

  /** Never throws: code of users can throw anything, also a proxy whose traps throw. */
  static of(thrown: unknown): Fault {
    try {
      if (thrown instanceof Fault) return thrown;
      return isErrorLike(thrown) ? Fault.ofError(thrown) : new Fault(typeof thrown, String(thrown));
    } catch {
      return new Fault(typeof thrown, 'a value that has no text');
    }
  }

  private static ofError(error: ErrorLike): Fault {
    const errors = [error];
    for (
      let { cause } = error;
      isErrorLike(cause) && errors.length <= MAX_CAUSES && !errors.includes(cause);
      { cause } = cause
    )
      errors.push(cause);
    const messages = errors.map(({ message }) => message);
    const stacks = errors.map(({ stack }) => stack).filter((stack) => typeof stack === 'string');
    const type: unknown = error.constructor?.name;
    return new Fault(
      typeof type === 'string' ? type : 'Error',
      messages.join(': '),
      stacks.length > 0 ? stacks.join('\ncaused by: ') : undefined,
      error.code,
      error.status,
    );
  }
}

interface ErrorLike {
  readonly message: string;
  readonly stack?: unknown;
  readonly cause?: unknown;
  readonly code?: unknown;
  readonly status?: unknown;
}

/** Errors of other realms are no instances of `Error`. */
function isErrorLike(value: unknown): value is ErrorLike {
  return (
    typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string'
  );
}

/** @returns an entry for the log about a thrown value, with what else is known */
export function faultEntry(thrown: unknown, fields?: object): object {
  const err = Fault.of(thrown);
  return { message: err.message, ...fields, err };
}

/** @returns why something was thrown, in its own words: for errors whose messages are written for operators */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
