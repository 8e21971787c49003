/** The injected `Clock`. */
export const CLOCK = Symbol('breakwater:clock');
/** The injected source of random numbers from 0 to 1, as `Math.random`. */
export const RANDOM = Symbol('breakwater:random');
/**
 * The injected role of this process. With `server.workers`, the primary reads the configuration, runs the health probes and
 * serves the management port, and the workers serve requests. `only` does all of that.
 */
export const PROCESS_ROLE = Symbol('breakwater:process-role');
export type ProcessRole = 'only' | 'primary' | 'worker';
/** The injected plugins that are given in code, which `use` can name. */
export const PLUGINS = Symbol('breakwater:plugins');
/** The injected `ConfigSource`; `undefined` when the configuration does not come from a file. */
export const CONFIG_SOURCE = Symbol('breakwater:config-source');
