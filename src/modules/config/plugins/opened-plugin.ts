import { FIELD_VALUE, TOKEN } from '../schema/http.js';
import type { AnswerInstead, Authenticator, PickTarget, Plugin, RequestHooks } from './plugin.types.js';

/** A plugin with its options: what one entry of `plugins` adds to the gateway. */
export class OpenedPlugin {
  readonly hooks: RequestHooks | undefined;
  readonly auth: Authenticator | undefined;
  readonly balancer: PickTarget | undefined;
  readonly fallback: AnswerInstead | undefined;
  private readonly closing = new AbortController();

  /**
   * @param options checked
   * @throws Error what a part of the plugin throws, or TypeError when one returns something other than it should
   */
  constructor(
    readonly id: string,
    plugin: Plugin,
    options: unknown,
    folder: string,
  ) {
    const context = { id, folder, signal: this.closing.signal };
    try {
      this.hooks =
        plugin.hooks && object('hooks', plugin.hooks(options, context), ['onRequest', 'onResponse']);
      this.auth = plugin.auth && authenticator(plugin.auth(options, context));
      this.balancer = plugin.balancer && functionOf('balancer', plugin.balancer(options, context));
      this.fallback = plugin.fallback && functionOf('fallback', plugin.fallback(options, context));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** No request can call it any more. */
  close(): void {
    this.closing.abort();
  }
}

/** @throws TypeError for a promise, whose rejection would end the process if nobody handled it */
function refusePromise(kind: string, value: unknown): void {
  const isPromise =
    typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
  if (!isPromise) return;
  Promise.resolve(value).catch(() => undefined);
  throw new TypeError(`\`${kind}\` returned a promise; it has to return at once`);
}

/**
 * @param others keys that it can have besides
 * @throws TypeError unless the value is an object with one of these methods at least
 */
function object<T extends object>(
  kind: string,
  value: T,
  methods: readonly (keyof T & string)[],
  others: readonly (keyof T & string)[] = [],
): T {
  refusePromise(kind, value);
  const known = typeof value === 'object' && value !== null ? methods.map((method) => value[method]) : [];
  const written = known.filter((each) => each !== undefined);
  if (written.length === 0 || !written.every((each) => typeof each === 'function'))
    throw new TypeError(
      `\`${kind}\` must return an object with ${methods.map((method) => `\`${method}\``).join(' or ')}`,
    );
  // A hook that is misspelt would never be called. An instance of a class can have a state of its own.
  const allowed: readonly string[] = [...methods, ...others];
  const unknown = isPlain(value) ? Object.keys(value).find((key) => !allowed.includes(key)) : undefined;
  if (unknown !== undefined)
    throw new TypeError(
      `\`${kind}\` returned the unknown key ${JSON.stringify(unknown)}, expected ${allowed.join(', ')}`,
    );
  return value;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function authenticator(value: Authenticator): Authenticator {
  const { headers = [], challenge = '' } = object('auth', value, ['authenticate'], ['headers', 'challenge']);
  if (!Array.isArray(headers) || !headers.every((name) => typeof name === 'string' && TOKEN.test(name)))
    throw new TypeError('`headers` of `auth` is not a list of header names');
  if (typeof challenge !== 'string' || !FIELD_VALUE.test(challenge))
    throw new TypeError('`challenge` of `auth` is not a value of a header');
  return value;
}

function functionOf<T>(kind: string, value: T): T {
  refusePromise(kind, value);
  if (typeof value !== 'function') throw new TypeError(`\`${kind}\` must return a function`);
  return value;
}
