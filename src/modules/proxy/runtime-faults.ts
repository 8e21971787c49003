import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Event } from '../../common/event.js';
import type { FaultConfig } from '../config/gateway-config.js';

/** A fault for some time, or its withdrawal. */
export interface FaultChange {
  readonly route: string;
  /** `undefined`: only what the configuration says. */
  readonly fault: FaultConfig | undefined;
  /** Milliseconds. */
  readonly lasts: number;
}

interface Running {
  readonly fault: FaultConfig;
  readonly endsAt: number;
  readonly timer: NodeJS.Timeout;
}

/** Faults that an operator injects into routes, in place of those of the configuration. Each of them ends by itself. */
@Injectable()
export class RuntimeFaults implements OnApplicationShutdown {
  readonly changed = new Event<FaultChange>();
  /** The time of a fault of this route is over. */
  readonly ended = new Event<string>();
  /** By route; `undefined` while there are none, so that requests look nothing up. */
  active: ReadonlyMap<string, FaultConfig> | undefined;
  private readonly running = new Map<string, Running>();

  /** What is left of each. */
  get left(): FaultChange[] {
    const now = Date.now();
    return Array.from(this.running, ([route, { fault, endsAt }]) => {
      return { route, fault, lasts: Math.max(1, endsAt - now) };
    });
  }

  set(change: FaultChange): void {
    const { route, fault, lasts } = change;
    clearTimeout(this.running.get(route)?.timer);
    this.running.delete(route);
    if (fault) {
      const timer = setTimeout(() => this.end(route), lasts).unref();
      this.running.set(route, { fault, endsAt: Date.now() + lasts, timer });
    }
    this.update();
    this.changed.emit(change);
  }

  onApplicationShutdown(): void {
    for (const { timer } of this.running.values()) clearTimeout(timer);
  }

  private end(route: string): void {
    this.running.delete(route);
    this.update();
    this.ended.emit(route);
  }

  private update(): void {
    const faults = Array.from(this.running, ([route, { fault }]) => [route, fault] as const);
    this.active = faults.length > 0 ? new Map(faults) : undefined;
  }
}
