/**
 * One typed event. Mechanisms (breaker, prober, exchange) emit it, and telemetry listens.
 * Listeners run in the order they were added, on the emitter's stack.
 */
export class Event<T> {
  private readonly listeners = new Set<(value: T) => void>();

  /** @returns a function that removes the listener */
  on(listener: (value: T) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  emit(value: T): void {
    for (const listener of this.listeners) listener(value);
  }
}
