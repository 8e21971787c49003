import {
  BadRequestException,
  Controller,
  Headers,
  HttpCode,
  Inject,
  Post,
  Query,
  UseGuards,
} from '@nestjs/common';
import { Purger } from '../cache/purger.js';
import { AdminGuard } from './admin.guard.js';
import { refuseOtherSites } from './other-sites.js';

type Several = string | readonly string[] | undefined;

/** Drops stored responses: `POST /admin/cache/purge?tag=users&route=orders&url=http://api.example.com/a&all=true`. */
@Controller('admin/cache')
@UseGuards(AdminGuard)
export class CacheController {
  constructor(@Inject(Purger) private readonly purger: Purger) {}

  /** @returns how many responses were dropped */
  @Post('purge')
  @HttpCode(200)
  purge(
    @Query('route') route: Several,
    @Query('url') url: Several,
    @Query('tag') tag: Several,
    @Query('all') all: Several,
    @Headers('sec-fetch-site') site: string | undefined,
  ): { purged: number } {
    refuseOtherSites(site);
    const what = { routes: listOf(route), urls: listOf(url), tags: listOf(tag), all: all === 'true' };
    if (!what.all && what.routes.length + what.urls.length + what.tags.length === 0) {
      throw new BadRequestException('Name a route, a url or a tag, or say all=true');
    }
    return { purged: this.purger.purge(what) };
  }
}

function listOf(value: Several): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value.map(String);
}
