import { Controller, Get, Header, Inject, UseGuards } from '@nestjs/common';
import { AdminGuard } from './admin.guard.js';
import { OverviewService } from './overview.service.js';

/** Shows the state of every upstream, and the transitions that led to it. */
@Controller('admin')
@UseGuards(AdminGuard)
export class AdminController {
  constructor(@Inject(OverviewService) private readonly state: OverviewService) {}

  @Get('overview')
  @Header('Cache-Control', 'no-store')
  overview(): Promise<object> {
    return this.state.read();
  }
}
