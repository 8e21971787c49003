import { Controller, Get, Header, Inject, Param, Query, UseGuards } from '@nestjs/common';
import type { UpstreamReport, UpstreamTimeline } from '../timeline/shapes.js';
import { AdminGuard } from './admin.guard.js';
import { durationOf } from './requests.js';
import { UpstreamReports } from './upstream-reports.js';

/** Shows upstreams with their targets and breakers, and what has happened to them. */
@Controller('admin/upstreams')
@UseGuards(AdminGuard)
export class UpstreamsController {
  constructor(@Inject(UpstreamReports) private readonly reports: UpstreamReports) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  all(): Promise<readonly UpstreamReport[]> {
    return this.reports.all();
  }

  /** @throws ProblemError `unknown_name` */
  @Get(':name')
  @Header('Cache-Control', 'no-store')
  one(@Param('name') name: string): Promise<UpstreamReport> {
    return this.reports.find(name);
  }

  /**
   * @param last how far back the rates go; default: 15 minutes
   * @throws ProblemError `unknown_name`
   */
  @Get(':name/timeline')
  @Header('Cache-Control', 'no-store')
  timeline(@Param('name') name: string, @Query('last') last: unknown): Promise<UpstreamTimeline> {
    const ms = last === undefined ? undefined : durationOf('last', last);
    return this.reports.timelineOf(name, ms === undefined ? undefined : Math.ceil(ms / 1_000));
  }
}
