import type { ConfigPath } from '../config-path.js';

/** A configuration that runs, but hardly does what was meant. */
export interface LintWarning {
  readonly path: ConfigPath;
  /** Names the keys and their values. */
  readonly message: string;
}
