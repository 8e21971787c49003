/**
 * Why those who waited need not wait any more:
 * - `stored`: there may be an answer for them now;
 * - `unshared`: what came is an answer for nobody else;
 * - `failed`: the upstream has none;
 * - `gone`: nobody is at it now;
 * - `timeout`: they have waited long enough.
 */
export type Landing = 'stored' | 'unshared' | 'failed' | 'gone' | 'timeout';

/** Ends a flight. */
export type Land = (landing: Exclude<Landing, 'timeout'>) => void;

/** Lets one caller do what several want, key by key. */
export class SingleFlight {
  private readonly flights = new Map<string, Set<(landing: Landing) => void>>();

  /**
   * Waits for whoever is at it.
   *
   * @param timeout milliseconds
   * @returns `undefined` when nobody is
   */
  join(key: string, timeout: number): Promise<Landing> | undefined {
    const waiting = this.flights.get(key);
    if (!waiting) return undefined;
    return new Promise((resolve) => {
      const settle = (landing: Landing) => {
        clearTimeout(timer);
        waiting.delete(settle);
        resolve(landing);
      };
      const timer = setTimeout(settle, timeout, 'timeout');
      waiting.add(settle);
    });
  }

  isFlying(key: string): boolean {
    return this.flights.has(key);
  }

  /** @returns what ends the flight; a second call does nothing */
  lead(key: string): Land {
    const waiting = new Set<(landing: Landing) => void>();
    this.flights.set(key, waiting);
    return (landing) => {
      if (this.flights.get(key) !== waiting) return;
      this.flights.delete(key);
      for (const settle of waiting) settle(landing);
    };
  }
}
