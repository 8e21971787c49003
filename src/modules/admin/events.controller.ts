import { Controller, Get, Headers, Inject, Query, Res, UseGuards } from '@nestjs/common';
import type { Response } from 'express';
import { AdminGuard } from './admin.guard.js';
import { EventStream } from './event-stream.service.js';

/** `GET /admin/events`: everything that happens, as server-sent events. */
@Controller('admin/events')
@UseGuards(AdminGuard)
export class EventsController {
  constructor(@Inject(EventStream) private readonly stream: EventStream) {}

  /** @param after takes the place of the header, which a page cannot set for its first connection */
  @Get()
  events(
    @Res() res: Response,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Query('after') after: unknown,
  ): Promise<void> {
    return this.stream.open(res, lastEventId ?? (typeof after === 'string' ? after : undefined));
  }
}
