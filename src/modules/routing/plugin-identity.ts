import type { PluginIdentity } from '../config/plugins/plugin.types.js';
import type { Identity } from './identity.js';

/** An identity is remembered with its token, so the copy is made once as well. */
const copies = new WeakMap<Identity, PluginIdentity>();

/** @returns a frozen copy: a change to the identity itself would apply to each request with the same token */
export function pluginIdentityOf(identity: Identity): PluginIdentity {
  let copy = copies.get(identity);
  if (!copy) {
    const { subject, scopes, claims } = identity;
    copy = Object.freeze({ subject, scopes: frozenCopy(scopes), claims: frozenCopy(claims) });
    copies.set(identity, copy);
  }
  return copy;
}

/** Objects with a class of their own stay as they are: only a plugin that proves callers can have made them. */
function frozenCopy<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  const copyEach = (each: unknown): unknown => frozenCopy(each);
  // The copies have the same shape.
  if (Array.isArray(value)) return Object.freeze(value.map(copyEach)) as T;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const entries = Object.entries(value).map(([key, each]) => [key, copyEach(each)] as const);
  return Object.freeze(Object.fromEntries(entries)) as T;
}
