import { closeConnections } from './api.js';
import { furnishCluster } from './cluster.js';
import { startNode } from './node.js';
import { PartError } from './part.js';
import { writeStateFile } from './places.js';

/** Starts the node and what all specs share. `scripts/kubernetes.mjs` reads why it did not start. */
export default async function setup(): Promise<() => Promise<void>> {
  try {
    await startNode();
  } catch (error) {
    if (error instanceof PartError) writeStateFile('skipped', error.message);
    throw error;
  }
  await furnishCluster();
  return closeConnections;
}
