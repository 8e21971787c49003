import { Module } from '@nestjs/common';
import { BreakwaterModule } from 'breakwater';
import { OverviewController } from './overview.controller.js';
import { InvoiceTotals } from './invoice-totals.service.js';

@Module({
  imports: [
    BreakwaterModule.forRoot({ configFile: 'gateway.yaml', management: true }),
    BreakwaterModule.forFeature('accounts'),
    BreakwaterModule.forFeature('invoices'),
  ],
  controllers: [OverviewController],
  providers: [InvoiceTotals],
})
export class AppModule {}
