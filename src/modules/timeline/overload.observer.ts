import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Overload } from '../server/overload/overload.service.js';
import { Timeline } from './timeline.js';

/** Writes down overloads: those of this process, or of its workers. */
@Injectable()
export class OverloadObserver implements OnModuleInit {
  constructor(
    @Inject(Overload) private readonly overload: Overload,
    @Inject(Timeline) private readonly timeline: Timeline,
  ) {}

  onModuleInit(): void {
    this.overload.changed.on((change) => this.timeline.add({ kind: 'gateway-overload', ...change }));
  }
}
