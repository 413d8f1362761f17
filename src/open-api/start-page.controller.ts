import { Controller, Get, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../operations/access.decorators.ts';
import { Problem } from '../problems/problem.ts';

/** Leads a browser to the reference. To an app the root is a wrong path like any other. */
@Controller()
export class StartPageController {
  @Get()
  @Public()
  start(@Req() { headers }: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): void {
    if (!/\btext\/html\b/i.test(headers.accept ?? '')) throw new Problem('not-found');
    // Relative, so that it also holds behind a proxy that serves the gateway below a path of its own.
    reply.status(302).header('location', 'docs').header('vary', 'accept');
  }
}
