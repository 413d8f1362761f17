import type { FastifyRequest } from 'fastify';
import { parseTraceparent, traceIdOf, traceIdSlot, traceparentOf } from './trace-context.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

describe('parseTraceparent', () => {
  it('reads version 00', () => {
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-01`)).toEqual({
      traceId: TRACE,
      parentId: SPAN,
      flags: '01',
    });
  });

  it.each([
    [`01-${TRACE}-${SPAN}-01`, '01'],
    [`01-${TRACE}-${SPAN}-00`, '00'],
    [`cc-${TRACE}-${SPAN}-01-what-the-future-will-be-like`, '01'],
    [`fe-${TRACE}-${SPAN}-01-`, '01'],
    [`01-${TRACE}-${SPAN}-fe`, '00'],
    [`01-${TRACE}-${SPAN}-ff`, '01'],
  ])('takes %j as version 00', (header, flags) => {
    const parsed = parseTraceparent(header);
    expect(parsed).toEqual({ traceId: TRACE, parentId: SPAN, flags });
    expect(traceparentOf(parsed!)).toBe(`00-${TRACE}-${SPAN}-${flags}`);
  });

  it.each([
    undefined,
    ['00'],
    '',
    TRACE,
    `ff-${TRACE}-${SPAN}-01`,
    `FF-${TRACE}-${SPAN}-01`,
    `0-${TRACE}-${SPAN}-01`,
    `0g-${TRACE}-${SPAN}-01`,
    `ff-${TRACE}-${SPAN}-01-more`,
    `01-${TRACE}-${SPAN}-01.more`,
    `01-${TRACE}-${SPAN}-011`,
    `01-${TRACE}-${SPAN}`,
    `01-${'0'.repeat(32)}-${SPAN}-01`,
    `01-${TRACE}-${'0'.repeat(16)}-01`,
    `01-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-1`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01\n`,
    ` 00-${TRACE}-${SPAN}-01`,
  ])('takes nothing from %j', (header) => {
    expect(parseTraceparent(header)).toBeUndefined();
  });
});

describe('traceIdOf', () => {
  const headers = { traceparent: `00-${TRACE}-${SPAN}-01` };

  it('is what the app sent', () => {
    expect(traceIdOf({ headers } as unknown as FastifyRequest)).toBe(TRACE);
    expect(traceIdOf({ headers: {} } as FastifyRequest)).toBeUndefined();
  });

  it('is what the tracer says where there is one', () => {
    const request = { headers } as unknown as FastifyRequest;
    traceIdSlot.set(request, 'a'.repeat(32));
    expect(traceIdOf(request)).toBe('a'.repeat(32));
  });
});
