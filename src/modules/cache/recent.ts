import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** Longer ones are remembered by their hash. */
const LONGEST = 100;

/** Remembers something of the newest keys or scopes, in bounded memory however long they are. */
export class Recent<V extends number | true> {
  private readonly values: LRUCache<string, V>;

  /**
   * @param max how many
   * @param ttl milliseconds; without it, until newer ones push it out
   */
  constructor(max: number, ttl?: number) {
    this.values = new LRUCache<string, V>(ttl === undefined ? { max } : { max, ttl });
  }

  get(name: string): V | undefined {
    return this.values.get(brief(name));
  }

  has(name: string): boolean {
    return this.values.has(brief(name));
  }

  set(name: string, value: V): void {
    this.values.set(brief(name), value);
  }

  delete(name: string): void {
    this.values.delete(brief(name));
  }
}

/** No name has the form of a hash: keys and scopes have a colon. */
function brief(name: string): string {
  return name.length > LONGEST ? hash('sha256', name, 'base64') : name;
}
