import type { Plugin, RequestHooks } from './plugin.types.js';

/** A plugin with its options: what one entry of `plugins` adds to the gateway. */
export class OpenedPlugin {
  readonly hooks: RequestHooks | undefined;
  private readonly closing = new AbortController();

  /**
   * @param options checked
   * @throws Error what a part of the plugin throws, or TypeError when one returns something else than it should
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
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** No new request reaches it. */
  close(): void {
    this.closing.abort();
  }
}

/** @throws TypeError unless the value is an object with one of these methods at least */
function object<T extends object>(kind: string, value: T, methods: readonly (keyof T & string)[]): T {
  const known = typeof value === 'object' && value !== null ? methods.map((method) => value[method]) : [];
  const isWhole = known.every((each) => each === undefined || typeof each === 'function');
  if (!isWhole || known.every((each) => each === undefined))
    throw new TypeError(`\`${kind}\` has returned something else than ${methods.join(' and ')}`);
  return value;
}
