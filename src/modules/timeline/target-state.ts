import type { Target } from '../upstream/target.js';
import type { TargetState } from './shapes.js';

export function targetStateOf({ healthy, ejected }: Pick<Target, 'healthy' | 'ejected'>): TargetState {
  if (!healthy) return 'unhealthy';
  return ejected ? 'ejected' : 'available';
}
