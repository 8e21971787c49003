import type { Turn } from '../../../common/turns.js';
import type { GatewayConfig } from '../gateway-config.js';

type Entries = readonly (readonly [id: string, text: string])[];

/**
 * A configuration as JSON texts, one for each upstream, route and other section. In this form it comes from the thread
 * that reads the file. What has the same text as before is the same, and need not be made again.
 */
export interface ConfigText {
  readonly sections: Entries;
  readonly upstreams: Entries;
  readonly routes: Entries;
}

export interface WrittenConfig {
  readonly text: ConfigText;
  readonly config: GatewayConfig;
}

export async function writeConfig(config: GatewayConfig, turn: Turn): Promise<WrittenConfig> {
  const { upstreams, routes, ...sections } = config;
  const write = async (entries: readonly (readonly [string, unknown])[]) => {
    const texts: [string, string][] = [];
    for (const [id, each] of entries) {
      texts.push([id, JSON.stringify(each)]);
      await turn();
    }
    return texts;
  };
  const text = {
    sections: await write(Object.entries(sections)),
    upstreams: await write(Object.entries(upstreams)),
    routes: await write(routes.map((route) => [route.id, route])),
  };
  return { text, config };
}

/**
 * Makes a configuration of its text. Whatever has the same text as in the one before is the same object, so that
 * comparing objects tells what a reload changes.
 */
export async function readConfig(
  text: ConfigText,
  before: WrittenConfig,
  turn: Turn,
): Promise<GatewayConfig> {
  const { upstreams, routes, ...sections } = before.config;
  const read = async (entries: Entries, known: Entries, objects: ReadonlyMap<string, unknown>) => {
    const texts = new Map(known);
    const result: [string, unknown][] = [];
    for (const [id, written] of entries) {
      result.push([id, texts.get(id) === written ? objects.get(id) : frozen(JSON.parse(written))]);
      await turn();
    }
    return result;
  };
  const nextUpstreams = await read(text.upstreams, before.text.upstreams, entriesOf(upstreams));
  const routesById = new Map(routes.map((route) => [route.id, route]));
  const nextRoutes = (await read(text.routes, before.text.routes, routesById)).map(([, route]) => route);
  // Nothing depends on the order of upstreams.
  const hasSameUpstreams =
    nextUpstreams.length === Object.keys(upstreams).length &&
    nextUpstreams.every(([id, each]) => upstreams[id] === each);
  // Written from a checked configuration.
  return Object.freeze({
    ...Object.fromEntries(await read(text.sections, before.text.sections, entriesOf(sections))),
    upstreams: hasSameUpstreams ? upstreams : Object.freeze(Object.fromEntries(nextUpstreams)),
    routes: isSame(nextRoutes, routes) ? routes : Object.freeze(nextRoutes),
  }) as GatewayConfig;
}

function entriesOf(object: object): ReadonlyMap<string, unknown> {
  return new Map(Object.entries(object));
}

function isSame(next: readonly unknown[], known: readonly unknown[]): boolean {
  return next.length === known.length && next.every((each, i) => each === known[i]);
}

/** Freezes a tree of plain objects and arrays in place, so that no request can change what all share. */
export function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) frozen(child);
  }
  return value;
}
