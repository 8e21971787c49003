import type { ConfigSource } from '../source/config-source.js';

/** What is in the file. `defaults` are under each upstream as well, where they are inherited. */
export type Written = Pick<ConfigSource, 'has' | 'isInherited'>;
