import { commandOf } from './cli-command.ts';

const LINK = ['--issuer', 'i', '--subject', 's', '--groupno', '1001', '--custno', '700123'];

it('takes each command with its options', () => {
  const link = { issuer: 'i', subject: 's', groupno: '1001', custno: '700123' };
  expect(commandOf(['link', ...LINK])).toEqual({ name: 'link', link });
  expect(commandOf(['unlink', ...LINK])).toEqual({ name: 'unlink', link });
  expect(commandOf(['list'])).toEqual({ name: 'list', filter: {} });
  expect(commandOf(['list', '--custno', '1'])).toEqual({ name: 'list', filter: { custno: '1' } });
  expect(commandOf(['history', '--custno', '1'])).toEqual({ name: 'history', filter: { custno: '1' } });
  expect(commandOf(['import', 'links.csv'])).toEqual({ name: 'import', file: 'links.csv' });
  expect(commandOf(['--help'])).toEqual({ name: 'help' });
});

it.each([
  [[]],
  [['link']],
  [['link', ...LINK.slice(2)]],
  [['link', ...LINK, 'more']],
  [['unlink', ...LINK.slice(0, -1), '0700123']],
  [['link', ...LINK.with(3, '')]],
  [['list', 'all']],
  [['list', '--all']],
  [['history', 'all']],
  [['import']],
  [['import', 'one.csv', 'two.csv']],
  [['import', 'links.csv', '--custno', '1']],
])('refuses %j in one line', (args) => {
  expect(() => commandOf(args)).toThrow(/^[^\n]*npm run customers -- --help$/);
});
