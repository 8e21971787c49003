/**
 * One typed event. Mechanisms (breaker, prober, exchange) emit it, and telemetry listens.
 * Listeners run in the order they were added, on the emitter's stack.
 */
export class Event<T> {
  /** Gets what a listener throws. The gateway logs it; static, as Nest's logger is. */
  static onError: (error: unknown) => void = (error) => process.emitWarning(error as Error);
  private readonly listeners = new Set<(value: T) => void>();

  /** @returns a function that removes the listener */
  on(listener: (value: T) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Never throws: what a listener does wrong must keep neither the emitter nor the other listeners from their work. */
  emit(value: T): void {
    for (const listener of this.listeners) {
      try {
        listener(value);
      } catch (error) {
        Event.onError(error);
      }
    }
  }
}
