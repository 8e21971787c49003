/** The injected `Clock`. */
export const CLOCK = Symbol('breakwater:clock');
