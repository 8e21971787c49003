/**
 * How a flight ended for those who waited:
 * - `found`: the shared tier had a copy, which may be one for them;
 * - `stored`: the upstream's response was stored, and may be one for them;
 * - `unshared`: the response is of no use to anybody else;
 * - `failed`: the upstream has no answer;
 * - `abandoned`: the client of the request left;
 * - `timeout`: they have waited long enough.
 */
export type FlightResult = 'found' | 'stored' | 'unshared' | 'failed' | 'abandoned' | 'timeout';

/** One request to the shared tier and the upstream, whose answer others wait for. */
export class Flight {
  private readonly waiting = new Set<(result: FlightResult) => void>();
  private isOver = false;

  /** @param underWay the flights by name, where none has this name */
  constructor(
    private readonly underWay: Map<string, Flight>,
    private readonly name: string,
  ) {
    underWay.set(name, this);
  }

  /** @param timeout milliseconds */
  wait(timeout: number): Promise<FlightResult> {
    return new Promise((resolve) => {
      const settle = (result: FlightResult) => {
        clearTimeout(timer);
        this.waiting.delete(settle);
        resolve(result);
      };
      const timer = setTimeout(settle, timeout, 'timeout');
      this.waiting.add(settle);
    });
  }

  /** Releases those who wait. The first call counts. */
  land(result: Exclude<FlightResult, 'timeout'>): void {
    if (this.isOver) return;
    this.isOver = true;
    this.underWay.delete(this.name);
    for (const settle of this.waiting) settle(result);
  }
}
