/** The phase of the process, which decides readiness. */
export class Lifecycle {
  phase: 'starting' | 'serving' | 'draining' = 'starting';
}
