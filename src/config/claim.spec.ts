import { claimAt, isClaimPath } from './claim.ts';

const CLAIMS = {
  custno: '1',
  'https://example.com/custno': '2',
  '/x': '3',
  'a.b': '4',
  app_metadata: { custno: '5', '': '6', 'a/b': '7', 'm~n': '8' },
  accounts: [{ custno: '9' }, { custno: '10' }],
  '': '11',
};

it.each([
  ['custno', '1'],
  ['https://example.com/custno', '2'],
  ['/~1x', '3'],
  ['a.b', '4'],
  ['/app_metadata/custno', '5'],
  ['/app_metadata/', '6'],
  ['/app_metadata/a~1b', '7'],
  ['/app_metadata/m~0n', '8'],
  ['/accounts/1/custno', '10'],
  ['/', '11'],
  ['/custno', '1'],
])('%s finds its claim', (path, value) => {
  expect(claimAt(CLAIMS, path)).toBe(value);
});

it.each([
  '/x',
  'app_metadata/custno',
  '/accounts/01',
  '/accounts/length',
  '/accounts/-',
  '/custno/0',
  'toString',
  '/__proto__',
])('%s finds nothing', (path) => expect(claimAt(CLAIMS, path)).toBeUndefined());

it.each([
  ['/a~2', false],
  ['/a~', false],
  ['/a~01', true],
  ['a~2', true],
])('%s can be a path: %s', (path, expected) => {
  expect(isClaimPath(path)).toBe(expected);
});
