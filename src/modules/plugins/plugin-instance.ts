import type { Clock } from '../../common/clock.js';
import type { Event } from '../../common/event.js';
import type { PluginConfig } from '../config/gateway-config.js';
import type { OpenedPlugin } from '../config/plugins/opened-plugin.js';
import type { CallCancellation } from './call-cancellation.js';
import { type PluginCall, PluginError } from './plugin-failure.js';

/** One call of a plugin. */
export interface Call<T> {
  readonly name: PluginCall;
  readonly run: () => unknown;
  /** @throws TypeError for a result that cannot be used */
  readonly read: (result: unknown) => T;
  /** The result is needed at once: a promise cannot be used. */
  readonly isSync?: boolean;
  /** `undefined` for a call that is never awaited. A failure after the client has left is nobody's. */
  readonly cancellation?: CallCancellation;
}

/** A call of a plugin is over, however it ended. */
export interface PluginCallEnd {
  /** Id of the entry. */
  readonly plugin: string;
  readonly call: PluginCall;
  /** Milliseconds, with what the plugin has waited for. */
  readonly durationMs: number;
}

export interface PluginEvents {
  readonly failed: Event<PluginError>;
  readonly called: Event<PluginCallEnd>;
}

/** A plugin that the gateway calls: whatever it does, a call ends in time, with a result that can be used or with a failure. */
export class PluginInstance {
  constructor(
    readonly config: PluginConfig,
    readonly opened: OpenedPlugin,
    private readonly events: PluginEvents,
    private readonly clock: Clock,
  ) {}

  /**
   * @returns a promise only when the plugin returns one
   * @throws PluginError once it has been reported
   */
  call<T>(call: Call<T> & { readonly isSync: true }): T;
  call<T>(call: Call<T>): T | Promise<T>;
  call<T>(call: Call<T>): T | Promise<T> {
    const startedAt = this.clock.now();
    const end = () => {
      const durationMs = this.clock.now() - startedAt;
      this.events.called.emit({ plugin: this.opened.id, call: call.name, durationMs });
    };
    let result: T | Promise<T> | undefined;
    try {
      result = this.start(call);
      return result instanceof Promise ? result.finally(end) : result;
    } finally {
      if (!(result instanceof Promise)) end();
    }
  }

  private start<T>(call: Call<T>): T | Promise<T> {
    const { name, run, cancellation } = call;
    let result: unknown;
    let isLater: boolean;
    try {
      result = run();
      isLater = isPromise(result);
    } catch (error) {
      throw this.fail(name, 'error', error, cancellation);
    }
    if (!isLater) return this.read(call, result);
    if (!call.isSync) return this.wait(call, result);
    // Nobody waits for it, and it may reject.
    Promise.resolve(result).catch(() => undefined);
    throw this.fail(name, 'result', new TypeError('a promise, expected a result at once'), cancellation);
  }

  private async wait<T>(call: Call<T>, promise: unknown): Promise<T> {
    const { name, cancellation } = call;
    const { timeout } = this.config;
    const late = Promise.withResolvers<never>();
    let timedOut: PluginError | undefined;
    const timer = setTimeout(() => {
      timedOut = this.fail(name, 'timeout', new Error(`no result within ${timeout} ms`), cancellation);
      late.reject(timedOut);
      cancellation?.timeOut();
    }, timeout);
    let result: unknown;
    try {
      result = await Promise.race([promise, late.promise]);
    } catch (error) {
      // `instanceof` would run code of the plugin, which can reject with a proxy.
      throw error === timedOut ? timedOut : this.fail(name, 'error', error, cancellation);
    } finally {
      clearTimeout(timer);
    }
    return this.read(call, result);
  }

  private read<T>({ name, read, cancellation }: Call<T>, result: unknown): T {
    try {
      return read(result);
    } catch (error) {
      throw this.fail(name, 'result', error, cancellation);
    }
  }

  private fail(
    call: PluginCall,
    reason: PluginError['reason'],
    cause: unknown,
    cancellation: CallCancellation | undefined,
  ): PluginError {
    const error = new PluginError(this.opened.id, call, reason, cause);
    if (!cancellation?.gone.aborted) this.events.failed.emit(error);
    return error;
  }
}

function isPromise(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
