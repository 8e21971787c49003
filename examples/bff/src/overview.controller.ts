import { Controller, Get, HttpException } from '@nestjs/common';
import {
  CurrentUser,
  gather,
  GatewayRoute,
  type Identity,
  InjectUpstream,
  type UpstreamProxy,
} from 'breakwater';
import { InvoiceTotals } from './invoice-totals.service.js';

/** What the first view of the frontend needs, in one request. */
@Controller('overview')
export class OverviewController {
  constructor(
    @InjectUpstream('accounts') private readonly accounts: UpstreamProxy,
    private readonly totals: InvoiceTotals,
  ) {}

  @Get()
  @GatewayRoute({ scopes: ['overview'], cache: { ttl: '1s', staleIfError: '1h' }, timeout: '2s' })
  read(@CurrentUser() { subject }: Identity): Promise<object> {
    return gather({
      account: (signal) => this.account(subject, signal),
      // The overview is useful without the invoices.
      invoices: { run: (signal) => this.totals.of(subject, signal), fallback: null },
    });
  }

  private async account(subject: string, signal: AbortSignal): Promise<unknown> {
    const response = await this.accounts.get(`/accounts/${encodeURIComponent(subject)}`, { signal });
    if (response.status !== 200) {
      await response.discard();
      throw new HttpException('There is no account of this user.', 404);
    }
    return response.json();
  }
}
