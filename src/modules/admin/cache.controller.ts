import {
  BadRequestException,
  Controller,
  Get,
  Header,
  Headers,
  HttpCode,
  Inject,
  Post,
  Query,
  UseGuards,
} from '@nestjs/common';
import { type ListRequest, Purger } from '../cache/purger.js';
import type { StoredEntry } from '../cache/response-cache.js';
import { AdminGuard } from './admin.guard.js';
import { refuseOtherSites } from './other-sites.js';

type Several = string | readonly string[] | undefined;

/**
 * Purges stored responses (`POST /admin/cache/purge?tag=users&route=orders&url=http://api.example.com/a&key=...&all=true`)
 * and lists them (`GET /admin/cache/entries?url=http://api.example.com/a`).
 */
@Controller('admin/cache')
@UseGuards(AdminGuard)
export class CacheController {
  constructor(@Inject(Purger) private readonly purger: Purger) {}

  /** @returns how many responses were purged */
  @Post('purge')
  @HttpCode(200)
  purge(
    @Query('route') route: Several,
    @Query('url') url: Several,
    @Query('tag') tag: Several,
    @Query('key') key: Several,
    @Query('all') all: Several,
    @Headers('sec-fetch-site') site: string | undefined,
  ): { purged: number } {
    refuseOtherSites(site);
    const what = { ...named(route, url, tag), keys: listOf(key), all: all === 'true' };
    if (!what.all && what.keys.length === 0 && isEmpty(what)) {
      throw new BadRequestException('Name a route, a url, a tag or a key, or say all=true');
    }
    return { purged: this.purger.purge(what) };
  }

  /** @returns up to 100 stored responses with the keys that purge them, without their content */
  @Get('entries')
  @Header('Cache-Control', 'no-store')
  entries(
    @Query('route') route: Several,
    @Query('url') url: Several,
    @Query('tag') tag: Several,
  ): { entries: readonly StoredEntry[] } {
    const what = named(route, url, tag);
    if (isEmpty(what)) throw new BadRequestException('Name a route, a url or a tag');
    return { entries: this.purger.list(what) };
  }
}

function named(route: Several, url: Several, tag: Several): ListRequest {
  return { routes: listOf(route), urls: listOf(url), tags: listOf(tag) };
}

const isEmpty = ({ routes, urls, tags }: ListRequest) => routes.length + urls.length + tags.length === 0;

function listOf(value: Several): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value.map(String);
}
