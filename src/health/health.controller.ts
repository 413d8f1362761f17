import { Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Lifecycle } from './lifecycle.ts';

/** On the management port only. */
@Controller('health')
export class HealthController {
  constructor(private readonly lifecycle: Lifecycle) {}

  /** The process runs and its event loop turns. */
  @Get('live')
  live(): { status: 'up' } {
    return { status: 'up' };
  }

  /** Requests are welcome: settings were good, or there would be no process, and it is not leaving. */
  @Get('ready')
  ready(@Res({ passthrough: true }) reply: FastifyReply): { status: 'ready' | 'draining' } {
    if (!this.lifecycle.draining) return { status: 'ready' };
    reply.status(503);
    return { status: 'draining' };
  }
}
