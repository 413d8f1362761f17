import { Controller, Get, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../operations/access.decorators.ts';
import { OpenApi } from './open-api.ts';

/** The interactive reference. */
@Controller('docs')
export class DocsController {
  constructor(private readonly openApi: OpenApi) {}

  @Get()
  @Public()
  async page(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer> {
    const { html, gzip, contentSecurityPolicy } = await (await this.openApi.reference).page();
    reply
      .type('text/html; charset=utf-8')
      .header('vary', 'accept-encoding')
      .header('content-security-policy', contentSecurityPolicy)
      .header('referrer-policy', 'no-referrer');
    if (!takesGzip(request.headers['accept-encoding'])) return html;
    reply.header('content-encoding', 'gzip');
    return gzip;
  }
}

function takesGzip(acceptEncoding = ''): boolean {
  return acceptEncoding
    .toLowerCase()
    .split(',')
    .some((coding) => /^\s*gzip\s*(;\s*q=(1|0\.\d*[1-9])\d*\s*)?$/.test(coding));
}
