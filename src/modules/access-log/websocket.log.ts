import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { OpenTunnels } from '../websocket/open-tunnels.js';

/** One line for each WebSocket that has ended: who ended it, how long it was open, and what went through. */
@Injectable()
export class WebSocketLog implements OnModuleInit {
  private readonly logger = new Logger('WebSocket');

  constructor(@Inject(OpenTunnels) private readonly tunnels: OpenTunnels) {}

  onModuleInit(): void {
    this.tunnels.closed.on((closed) => this.logger.log({ message: 'websocket closed', ...closed }));
  }
}
