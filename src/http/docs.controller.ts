import { Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Public } from '../operations/access.decorators.ts';
import { OpenApi } from './open-api.ts';

/** The interactive reference. */
@Controller('docs')
export class DocsController {
  constructor(private readonly openApi: OpenApi) {}

  @Get()
  @Public()
  async page(@Res({ passthrough: true }) reply: FastifyReply): Promise<Buffer> {
    const { html, contentSecurityPolicy } = (await this.openApi.reference).page;
    reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', contentSecurityPolicy)
      .header('referrer-policy', 'no-referrer');
    return html;
  }
}
