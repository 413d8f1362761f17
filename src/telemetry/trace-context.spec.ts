import { parseTraceparent, traceIdOf } from './trace-context.ts';

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
    undefined,
    ['00'],
    '',
    TRACE,
    `ff-${TRACE}-${SPAN}-01`,
    `01-${TRACE}-${SPAN}-01`,
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
    expect(traceIdOf({ headers })).toBe(TRACE);
    expect(traceIdOf({ headers: {} })).toBeUndefined();
  });

  it('is what the tracer says where there is one', () => {
    expect(traceIdOf({ traceId: 'a'.repeat(32), headers })).toBe('a'.repeat(32));
  });
});
