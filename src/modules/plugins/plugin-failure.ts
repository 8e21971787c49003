/** What a plugin was called for: label `kind` of `breakwater_plugin_failures_total`. */
export type PluginCall = 'request' | 'response' | 'auth' | 'balancer' | 'fallback';

/** `error`: it threw. `timeout`: it did not answer in time. `result`: it answered something that nobody can use. */
export type PluginFailureReason = 'error' | 'timeout' | 'result';

/** A call of a plugin has failed. */
export class PluginError extends Error {
  override readonly name = 'PluginError';

  constructor(
    /** Id of the entry. */
    readonly plugin: string,
    readonly call: PluginCall,
    readonly reason: PluginFailureReason,
    cause: unknown,
  ) {
    super(`the plugin ${plugin} has failed`, { cause });
  }
}
