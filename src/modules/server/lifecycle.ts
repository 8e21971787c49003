/** Where the process is in its life; readiness is read from it. */
export class Lifecycle {
  private phase: 'starting' | 'serving' | 'draining' = 'starting';

  get isReady(): boolean {
    return this.phase === 'serving';
  }

  get isDraining(): boolean {
    return this.phase === 'draining';
  }

  serving(): void {
    this.phase = 'serving';
  }

  draining(): void {
    this.phase = 'draining';
  }
}
