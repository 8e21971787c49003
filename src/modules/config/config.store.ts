import { type Turn, turns } from '../../common/turns.js';
import type { GatewayConfig } from './gateway-config.js';

/** Puts a configuration in force. A promise means that other processes have to do so as well. */
type Commit = () => void | Promise<void>;

/** Has something that depends on the configuration. */
export interface ConfigApplier {
  /**
   * Compiles what it needs of the next configuration, with no effect yet. In long work it awaits `turn` again and again,
   * so that requests are served meanwhile.
   *
   * @throws ConfigRefusedError when this process cannot take the configuration
   * @returns the step that puts it in force. The steps of all appliers run in one turn of the event loop, and cannot fail
   */
  prepare(next: GatewayConfig, turn: Turn): Commit | Promise<Commit>;
}

/** A valid configuration that this process cannot take while it runs. */
export class ConfigRefusedError extends Error {
  override readonly name = 'ConfigRefusedError';
}

/** Holds the configuration in force: one reference, replaced whole. A request reads it once, when it begins. */
export class ConfigStore {
  private readonly appliers: ConfigApplier[] = [];

  constructor(private config: GatewayConfig) {}

  get current(): GatewayConfig {
    return this.config;
  }

  /** Tells an applier of each configuration from the next one on. */
  register(applier: ConfigApplier): void {
    this.appliers.push(applier);
  }

  /**
   * Puts a configuration in force. To be called again only after the promise has settled.
   *
   * @param next checked; what is as before are the same objects as before
   * @throws ConfigRefusedError when an applier refuses it; then nothing has changed
   */
  async apply(next: GatewayConfig): Promise<void> {
    const commit = await this.prepare(next);
    await commit();
  }

  /**
   * The first half of `apply`.
   *
   * @returns the second one, whose effect is there before its promise has settled
   * @throws ConfigRefusedError as `apply` does
   */
  async prepare(next: GatewayConfig): Promise<() => Promise<void>> {
    const turn = turns();
    const commits: Commit[] = [];
    for (const applier of this.appliers) commits.push(await applier.prepare(next, turn));
    return async () => {
      this.config = next;
      await Promise.all(commits.map((commit) => Promise.resolve(commit())));
    };
  }
}
