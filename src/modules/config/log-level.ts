import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Event } from '../../common/event.js';
import { type ConfigApplier, ConfigStore } from './config.store.js';
import type { LogConfig } from './gateway-config.js';

export type Level = LogConfig['level'];

/** Takes the place of `log.level` for some time. */
export interface LevelOverride {
  readonly level: Level;
  /** Milliseconds. */
  readonly lasts: number;
}

/** The level of the log: that of the configuration, unless an operator has set another one for some time. */
@Injectable()
export class LogLevel implements ConfigApplier, OnApplicationShutdown {
  /** For the logger. */
  readonly changed = new Event<Level>();
  /** An operator has set or withdrawn (`undefined`) another level. */
  readonly overridden = new Event<LevelOverride | undefined>();
  /** The time of an override is over. */
  readonly ended = new Event<void>();
  private override: { readonly level: Level; readonly endsAt: number } | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(@Inject(ConfigStore) private readonly store: ConfigStore) {
    store.register(this);
  }

  get current(): Level {
    return this.override?.level ?? this.store.current.log.level;
  }

  /** What is left of an override. */
  get left(): LevelOverride | undefined {
    if (!this.override) return undefined;
    const { level, endsAt } = this.override;
    return { level, lasts: Math.max(1, endsAt - Date.now()) };
  }

  prepare(): () => void {
    return () => this.changed.emit(this.current);
  }

  /** @param override `undefined`: back to the configured level */
  set(override: LevelOverride | undefined): void {
    clearTimeout(this.timer);
    this.override = override && { level: override.level, endsAt: Date.now() + override.lasts };
    if (override) this.timer = setTimeout(() => this.end(), override.lasts).unref();
    this.changed.emit(this.current);
    this.overridden.emit(override);
  }

  onApplicationShutdown(): void {
    clearTimeout(this.timer);
  }

  private end(): void {
    this.override = undefined;
    this.changed.emit(this.current);
    this.ended.emit();
  }
}
