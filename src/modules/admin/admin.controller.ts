import { Controller, Get, Header, Inject, UseGuards, UseInterceptors } from '@nestjs/common';
import { AdminGuard } from './admin.guard.js';
import { JsonInTurns } from './in-turns.js';
import { OverviewService } from './overview.service.js';

/** Shows the state of every upstream, and the transitions that led to it. */
@Controller('admin')
@UseGuards(AdminGuard)
export class AdminController {
  constructor(@Inject(OverviewService) private readonly state: OverviewService) {}

  @Get('overview')
  @Header('Cache-Control', 'no-store')
  @UseInterceptors(JsonInTurns)
  overview(): Promise<object> {
    return this.state.read();
  }
}
