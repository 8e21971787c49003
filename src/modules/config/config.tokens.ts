/** The injected `Clock`. */
export const CLOCK = Symbol('breakwater:clock');
/** The injected source of random numbers from 0 to 1, as `Math.random`. */
export const RANDOM = Symbol('breakwater:random');
/** The injected `ConfigSource`; `undefined` when the configuration does not come from a file. */
export const CONFIG_SOURCE = Symbol('breakwater:config-source');
