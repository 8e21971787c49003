import { type KeepUntil, spawnGateway } from './process.js';

/** Starts a gateway process that an `Inspector` can connect to. */
export function spawnInspected(yaml: string, keepUntil?: KeepUntil): ReturnType<typeof spawnGateway> {
  return spawnGateway(yaml, { NODE_OPTIONS: '--inspect=127.0.0.1:0 --expose-gc' }, keepUntil);
}
