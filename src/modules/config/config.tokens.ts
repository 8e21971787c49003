/** The injected `Clock`. */
export const CLOCK = Symbol('breakwater:clock');
/** The injected source of random numbers from 0 to 1, as `Math.random`. */
export const RANDOM = Symbol('breakwater:random');
