import { expect, test } from 'vitest';
import { DATA_SET_FORMS, openDataSet } from '../../src/data/open.ts';
import { OptionError } from '../../src/errors.ts';

const UNKNOWN = [
  '',
  'MNIST',
  'mnist:',
  'mnist:dir',
  'cifar10',
  'cifar10:',
  'cifar100',
  'cifar',
  'idx',
  'idx:',
  'idx:a',
  'idx:a,',
  'idx:,b',
  'idx:a,b,c,d',
  'folder',
  'folder:',
  'csv:',
  'toString:x',
];

test.each(UNKNOWN)('"%s" is refused with the list of forms', async (spec) => {
  const error = await openDataSet(spec).catch((e) => e);
  expect(error).toBeInstanceOf(OptionError);
  expect(error.where).toContain(`"${spec}"`);
  for (const { form } of DATA_SET_FORMS) expect(error.remedy).toContain(form);
});

test.each(['cifar10:/no/such/folder', 'cifar100:/no/such/folder', 'idx:/no/such/images,/no/such/labels'])(
  '%s: missing',
  async (spec) => {
    await expect(openDataSet(spec)).rejects.toMatchObject({
      name: 'DataSetError',
      code: 'data-missing',
      where: expect.stringMatching(/^\/no\/such/),
    });
  },
);
