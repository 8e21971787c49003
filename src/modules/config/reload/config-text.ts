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
  const read = async (part: keyof ConfigText, known: ReadonlyMap<string, unknown>) => {
    const texts = new Map(before.text[part]);
    const entries: [string, unknown][] = [];
    for (const [id, written] of text[part]) {
      entries.push([id, texts.get(id) === written ? known.get(id) : frozen(JSON.parse(written))]);
      await turn();
    }
    return entries;
  };
  const { upstreams, routes, ...sections } = before.config;
  const routesById = new Map(routes.map((route) => [route.id, route]));
  const nextSections = await read('sections', new Map(Object.entries(sections)));
  const nextUpstreams = Object.fromEntries(await read('upstreams', new Map(Object.entries(upstreams))));
  const nextRoutes = (await read('routes', routesById)).map(([, route]) => route);
  // Written from a checked configuration.
  return Object.freeze({
    ...Object.fromEntries(nextSections),
    // Nothing depends on the order of upstreams.
    upstreams: isSame(nextUpstreams, upstreams) ? upstreams : Object.freeze(nextUpstreams),
    routes: isSame(nextRoutes, routes) ? routes : Object.freeze(nextRoutes),
  }) as GatewayConfig;
}

/** Whether two mappings or lists have the same objects at the same keys. */
function isSame(next: object, known: object): boolean {
  const entries = Object.entries(next);
  return (
    entries.length === Object.keys(known).length &&
    entries.every(([key, each]) => Reflect.get(known, key) === each)
  );
}

/** Freezes a tree of plain objects and arrays in place, so that no request can change what all share. */
export function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) frozen(child);
  }
  return value;
}
