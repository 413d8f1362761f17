import { Refusal } from '../config/command-line.ts';
import { commandOf } from './cli-command.ts';

describe('what npm run journal is asked to do', () => {
  it.each<[string[], object]>([
    [[], {}],
    [['--custno', '700124'], { custno: '700124' }],
    [['--client', 'other-group'], { client: 'other-group' }],
    [['--request-id', '4fbd-1'], { requestId: '4fbd-1' }],
    [['--issuer', 'https://id.example.com/'], { issuer: 'https://id.example.com/' }],
    ...['applied', 'rejected', 'not-sent', 'unknown', 'in-progress'].map((outcome): [string[], object] => [
      ['--outcome', outcome],
      { outcome },
    ]),
    [['--until', '2020-01-01T02:00:01+02:00'], { until: Date.UTC(2020, 0, 1, 0, 0, 1) }],
    [
      ['--since', '2020-01-01T00:00:00.001', '--until', '2020-01-02'],
      { since: Date.UTC(2020, 0, 1) + 1, until: Date.UTC(2020, 0, 2) },
    ],
    [
      ['--custno', '700123', '--outcome', 'unknown', '--until', '2021-01-01T00:00Z'],
      { custno: '700123', outcome: 'unknown', until: Date.UTC(2021, 0, 1) },
    ],
  ])('is to filter by %j', (args, filter) => {
    expect(commandOf(['list', ...args])).toEqual({ name: 'list', filter, json: false });
    expect(commandOf(['list', ...args, '--json'])).toEqual({ name: 'list', filter, json: true });
    expect(commandOf(['export', ...args])).toEqual({ name: 'export', filter });
  });

  it.each<[string[], object]>([
    [['show', 'a'], { name: 'show', id: 'a', json: false }],
    [['show', 'a', '--json'], { name: 'show', id: 'a', json: true }],
    [
      ['settle', 'a', 'not-sent', '--why', 'Octane has none'],
      { name: 'settle', id: 'a', outcome: 'not-sent', why: 'Octane has none' },
    ],
    [['erase', '--custno', '1', '--groupno', '2'], { name: 'erase', custno: '1', groupno: '2' }],
    [['prune'], { name: 'prune' }],
    [['copy', 'sqlite:data/gateway.db'], { name: 'copy', path: 'data/gateway.db' }],
    [['backup', 'copy.db'], { name: 'backup', path: 'copy.db' }],
    [['all', '--help'], { name: 'help' }],
  ])('is %j', (args, command) => expect(commandOf(args)).toEqual(command));

  it.each<[string[], RegExp]>([
    [[], /list.*show/],
    [['list', 'all'], /list.*show/],
    [['show'], /list.*show/],
    [['show', 'a', '--custno', '1'], /no --custno/],
    [['export', '--json'], /no --json/],
    [['settle', 'a'], /settle/],
    [['settle', 'a', 'unknown', '--why', 'x'], /applied, rejected, not-sent/],
    [['settle', 'a', 'applied'], /--why/],
    [['settle', 'a', 'applied', '--why', 'told by someone@example.com'], /email/],
    [['erase', '--custno', '1'], /--groupno/],
    [['erase', '--groupno', '1'], /--custno/],
    [['prune', 'all'], /prune/],
    [['backup'], /backup PATH/],
    [['backup', 'copy.db', '--json'], /no --json/],
    [['copy'], /copy sqlite:PATH/],
    [['copy', 'data/gateway.db'], /sqlite:PATH/],
    [['copy', 'postgres://127.0.0.1/a'], /sqlite:PATH/],
    [['copy', 'sqlite:'], /sqlite:PATH/],
    [['copy', 'sqlite:a', '--custno', '1'], /no --custno/],
    [['prune', '--custno', '1'], /no --custno/],
    [['list', '--custno', '01'], /--custno/],
    [['list', '--outcome', 'good'], /applied, rejected, not-sent, unknown, in-progress/],
    [['list', '--since', '5'], /--since/],
    [['list', '--since', '2026-02-31'], /--since/],
    [['list', '--until', '2026-02-03T25:00Z'], /--until/],
    [['list', '--since'], /--since/],
    [['list', '--limit', '5'], /--limit/],
  ])('is refused in one line: %j', (args, fault) => {
    expect(() => commandOf(args)).toThrow(Refusal);
    expect(() => commandOf(args)).toThrow(fault);
    expect(() => commandOf(args)).toThrow(/^[^\n]+--help$/);
  });
});
