import type { HttpService } from '@nestjs/axios';
import { Injectable } from '@nestjs/common';
import { InjectUpstreamHttp } from 'breakwater';
import { firstValueFrom } from 'rxjs';

interface Invoice {
  readonly total: number;
}

/** A service of the application, which calls an upstream with axios as any Nest application does. */
@Injectable()
export class InvoiceTotals {
  constructor(@InjectUpstreamHttp('invoices') private readonly invoices: HttpService) {}

  async of(user: string, signal: AbortSignal): Promise<{ count: number; total: number }> {
    const { data } = await firstValueFrom(
      this.invoices.get<Invoice[]>('/invoices', { params: { of: user }, signal }),
    );
    return { count: data.length, total: data.reduce((sum, { total }) => sum + total, 0) };
  }
}
