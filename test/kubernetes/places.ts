import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The folders and images that `npm run test:kubernetes` prepares. */
function given(name: string): string {
  const value = process.env[name];
  if (value === undefined)
    throw new Error(`${name} is not set. Run these specs with \`npm run test:kubernetes\`.`);
  return value;
}

/** The Kubernetes programs, the pause image and definitions of custom resources. */
export const BINARIES = given('KUBERNETES_BINARIES');
export const HELM = given('KUBERNETES_HELM');
/** Tar files, separated by colons. */
export const IMAGES = given('KUBERNETES_IMAGES').split(':');
/** A temporary folder for all that the node writes. */
export const STATE = given('KUBERNETES_STATE');

/**
 * The only address of the node. Nothing outside of the suite's network namespace can reach it, so all ports are the
 * usual ones.
 */
export const NODE_ADDRESS = '10.89.0.1';
export const API_SERVER = `https://${NODE_ADDRESS}:6443`;
export const API_TOKEN = 'breakwater';
export const CONTAINERD_SOCKET = '/run/containerd/containerd.sock';
export const SERVICE_ADDRESSES = '10.96.0.0/16';

/** Writes a file of the node, JSON unless it is text. */
export function writeStateFile(name: string, content: string | object): string {
  const path = join(STATE, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content, undefined, 2));
  return path;
}
