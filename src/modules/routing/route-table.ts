import type { IncomingHttpHeaders } from 'node:http';
import FindMyWay, {
  type ConstraintStrategy,
  type Handler,
  type HTTPVersion,
  type Instance,
} from 'find-my-way';
import type { Turn } from '../../common/turns.js';
import type { RouteConfig } from '../config/gateway-config.js';
import { compileRoute, type RouteModel } from './route.model.js';

/** What a request is matched by. Method, host and path are normalised. */
export interface MatchInput {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Lower-cased names of headers that it will have, with values that are not known yet. */
  readonly announced?: ReadonlySet<string>;
}

export type MatchResult =
  | { readonly kind: 'route'; readonly route: RouteModel }
  /** Routes have this path, but none of them takes the method. `route` is the most specific of them. */
  | { readonly kind: 'method-not-allowed'; readonly allow: readonly string[]; readonly route: RouteModel }
  | { readonly kind: 'none' };

type Router = Instance<HTTPVersion.V1>;

/**
 * Finds the most specific route: first by host (exact, then the longest `*.` suffix, then none), then by path
 * (literal before `{name}` before `**`), then by the number of headers, then a route that names its methods.
 */
export class RouteTable {
  /** By exact host (`api.example.com`), by suffix (`.example.com`), and under an empty string for any host. */
  private readonly routers = new Map<string, Router>();

  /** By their configuration. */
  private readonly models = new Map<RouteConfig, RouteModel>();

  /** @param routes checked: no two of them have the same match */
  constructor(routes: readonly RouteConfig[] = []) {
    for (const route of routes) this.add(compileRoute(route));
  }

  /**
   * Builds the table of a reload.
   *
   * @param before the table in force: routes that stay as they are keep their models
   */
  static async build(routes: readonly RouteConfig[], before: RouteTable, turn: Turn): Promise<RouteTable> {
    const table = new RouteTable();
    for (const route of routes) {
      table.add(before.models.get(route) ?? compileRoute(route));
      await turn();
    }
    return table;
  }

  private add(model: RouteModel): void {
    const { match } = model.config;
    this.models.set(model.config, model);
    for (const host of match.hosts.length === 0 ? [''] : match.hosts) {
      const key = host.replace(/^\*/, '');
      const router = this.routers.get(key) ?? newRouter();
      this.routers.set(key, router);
      for (const pattern of compilePath(match.path)) {
        // A function, since find-my-way compares constraints deeply and fails on objects without a prototype.
        router.on('GET', pattern, { constraints: { accepts: () => model } }, () => {}, model);
      }
    }
  }

  match(input: MatchInput): MatchResult {
    const probe = new Probe(input);
    const route = this.find(probe);
    if (route) return { kind: 'route', route };
    const { refused } = probe;
    return refused
      ? { kind: 'method-not-allowed', allow: [...refused.allow].toSorted(), route: refused.route }
      : { kind: 'none' };
  }

  private find(probe: Probe): RouteModel | undefined {
    const { host } = probe.input;
    const exact = this.findAt(host, probe);
    if (exact) return exact;
    // From the longest suffix to the shortest.
    for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
      const found = this.findAt(host.slice(dot), probe);
      if (found) return found;
    }
    return this.findAt('', probe);
  }

  private findAt(host: string, probe: Probe): RouteModel | undefined {
    // Methods are a property of the route here, so every route lives in the tree of one method.
    // `store` is untyped there; only models are ever stored.
    return this.routers.get(host)?.find('GET', probe.input.path, { accepts: probe })?.store as
      RouteModel | undefined;
  }
}

/** A request on its way through the path trees; remembers what routes refused for their method alone take. */
class Probe {
  refused: { readonly allow: Set<string>; readonly route: RouteModel } | undefined;

  constructor(readonly input: MatchInput) {}

  isAcceptedBy(model: RouteModel): boolean {
    const { headers, announced } = this.input;
    for (const [name, value] of model.headers) {
      if (headers[name] !== value && !announced?.has(name)) return false;
    }
    if (model.methods.size === 0 || model.methods.has(this.input.method)) return true;
    this.refused ??= { allow: new Set(), route: model };
    for (const method of model.methods) this.refused.allow.add(method);
    return false;
  }
}

/** `/users/**` is `/users` and all below it; `{id}` is one segment. The tree compares decoded paths. */
function compilePath(path: string): string[] {
  const pattern = decodeURI(path)
    .replaceAll(':', '::')
    // The tree lets a bare parameter be empty; ours is one whole segment. It tests the decoded one, which may have slashes.
    .replaceAll(/\{([^}]+)\}/g, ':$1([^\\n]+)');
  if (!pattern.endsWith('/**')) return [pattern];
  const prefix = pattern.slice(0, -3);
  return prefix === '' ? ['/*'] : [prefix, `${prefix}/*`];
}

/** @returns whether the pattern of a route takes a path, even if a more specific route does as well; not for every request */
export function takesPath({ config }: RouteModel, path: string): boolean {
  const pattern = segmentsOf(config.match.path);
  const segments = segmentsOf(path);
  const isOpen = pattern.at(-1) === '**';
  if (isOpen) pattern.pop();
  if (isOpen ? segments.length < pattern.length : segments.length !== pattern.length) return false;
  return pattern.every((part, i) => (part.startsWith('{') ? segments[i] !== '' : segments[i] === part));
}

function segmentsOf(path: string): string[] {
  return decodeURI(path).split('/').slice(1);
}

function newRouter(): Router {
  // The library types the values of a strategy as strings; its own documentation uses any value.
  const accepts = acceptsStrategy() as unknown as ConstraintStrategy<HTTPVersion.V1>;
  return FindMyWay({ constraints: { accepts }, maxParamLength: 65_536 });
}

/**
 * Method and headers as a constraint of the path tree, so that the search goes on to a less specific path
 * when none of the routes at a path accepts the request.
 */
function acceptsStrategy(): ConstraintStrategy<HTTPVersion.V1, Probe | (() => RouteModel)> {
  return {
    name: 'accepts',
    storage: () => {
      const candidates: { model: RouteModel; handler: Handler<HTTPVersion.V1> }[] = [];
      return {
        // Asked with a model only while the tree is built, and every model is there once.
        get: (value) =>
          value instanceof Probe
            ? (candidates.find(({ model }) => value.isAcceptedBy(model))?.handler ?? null)
            : null,
        set: (modelOf, handler) => {
          // `set` is called with what `on` was given.
          candidates.push({ model: (modelOf as () => RouteModel)(), handler });
          candidates.sort((a, b) => specificity(b.model) - specificity(a.model));
        },
      };
    },
    // Never derived from a request: `find` is given the probe.
    deriveConstraint: () => {
      throw new TypeError('not used');
    },
  };
}

function specificity(model: RouteModel): number {
  return model.headers.length * 2 + (model.methods.size > 0 ? 1 : 0);
}
