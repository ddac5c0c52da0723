import { expect, it } from 'vitest';
import { missingPackages } from '../../scripts/setup/packages.mjs';

const locked = {
  packages: {
    '': { version: '1.0.0' },
    'node_modules/a': { version: '1.2.3' },
    'node_modules/b': { version: '2.0.0', optional: true },
  },
};

it.each([
  ['all there', { 'node_modules/a': { version: '1.2.3' }, 'node_modules/b': { version: '2.0.0' } }, []],
  ['an optional one missing', { 'node_modules/a': { version: '1.2.3' } }, []],
  ['another version', { 'node_modules/a': { version: '1.2.2' } }, ['node_modules/a']],
  [
    'an optional one in another version',
    { 'node_modules/a': { version: '1.2.3' }, 'node_modules/b': { version: '1.0.0' } },
    ['node_modules/b'],
  ],
  ['nothing', {}, ['node_modules/a']],
])('installed packages: %s', (_, packages, missing) => {
  expect(missingPackages(locked, { packages })).toEqual(missing);
});
