import { Controller, Get, Header, HttpCode, Inject, Post, Query, Req, UseGuards } from '@nestjs/common';
import type { Request } from 'express';
import type { ListRequest } from '../cache/invalidator.js';
import type { StoredEntry } from '../cache/response-cache.js';
import { ConfigStore } from '../config/config.store.js';
import { AdminGuard } from './admin.guard.js';
import { AuditLog } from './audit.log.js';
import { GATEWAY_VIEW, type GatewayView } from './gateway-view.js';
import { oneOf } from './one-of.js';
import { invalid, OPTIONAL_REASON_BODY, readBody } from './requests.js';

/** The parameters of a query; Express makes a list of one that is repeated. */
type Params = Readonly<Partial<Record<'route' | 'url' | 'tag' | 'key' | 'all', string | readonly string[]>>>;

/**
 * Purges stored responses (`POST /admin/cache/purge?tag=users&route=orders&url=http://api.example.com/a&key=...&all=true`)
 * and lists them (`GET /admin/cache/entries?url=http://api.example.com/a`).
 */
@Controller('admin/cache')
@UseGuards(AdminGuard)
export class CacheController {
  constructor(
    @Inject(GATEWAY_VIEW) private readonly view: GatewayView,
    @Inject(AuditLog) private readonly audit: AuditLog,
    @Inject(ConfigStore) private readonly config: ConfigStore,
  ) {}

  /**
   * @returns how many responses were purged
   * @throws ProblemError `admin_request_invalid` or `unknown_name`
   */
  @Post('purge')
  @HttpCode(200)
  async purge(@Query() params: Params, @Req() req: Request): Promise<{ purged: number }> {
    const what = { ...named(params), keys: listOf(params.key), all: params.all === 'true' };
    if (!what.all && what.keys.length === 0 && isEmpty(what)) {
      throw invalid('expected a route, a url, a tag or a key, or all=true');
    }
    if (what.all && !(what.keys.length === 0 && isEmpty(what)))
      throw invalid('expected either all=true, which drops everything, or a route, a url, a tag or a key');
    this.check(what);
    const { reason } = await readBody(OPTIONAL_REASON_BODY, req);
    const purged = await this.view.purge(what);
    const subject = new URL(req.url, 'http://localhost').search.slice(1);
    this.audit.record(req, { action: 'cache.purge', subject: subject.slice(0, 500), reason });
    return { purged };
  }

  /**
   * @returns up to 100 stored responses with the keys that purge them, without their content
   * @throws ProblemError `admin_request_invalid` or `unknown_name`
   */
  @Get('entries')
  @Header('Cache-Control', 'no-store')
  async entries(@Query() params: Params): Promise<{ entries: readonly StoredEntry[] }> {
    const what = named(params);
    if (isEmpty(what)) throw invalid('expected a route, a url or a tag');
    this.check(what);
    return { entries: await this.view.entries(what) };
  }

  /** @throws ProblemError `admin_request_invalid` or `unknown_name` */
  private check({ routes, urls }: ListRequest): void {
    if (!urls.every((url) => /^https?:\/\//i.test(url)))
      throw invalid('url: expected an absolute URL, such as http://api.example.com/users/7');
    const known = new Map(this.config.current.routes.map(({ id }) => [id, id]));
    // The id of a handler of code is made of its names, which nobody lists.
    for (const id of routes) if (!id.startsWith('code ')) oneOf('route', id, known);
  }
}

function named({ route, url, tag }: Params): ListRequest {
  return { routes: listOf(route), urls: listOf(url), tags: listOf(tag) };
}

const isEmpty = ({ routes, urls, tags }: ListRequest) => routes.length + urls.length + tags.length === 0;

function listOf(value: Params[keyof Params]): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value.map(String);
}
