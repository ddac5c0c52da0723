import { describe, expect, it } from 'vitest';
import { parse, SUITE_NAMES } from '../../bench/arguments.ts';

describe('arguments of npm run bench', () => {
  it.each([
    ['nothing: every suite', [], { suites: SUITE_NAMES, json: null }],
    ['a suite', ['peak'], { suites: ['peak'], json: null }],
    ['suites in their own order, a file', ['kernels', '--json', 'x.json', 'peak'], { suites: ['peak', 'kernels'], json: 'x.json' }],
    ['npm’s separator', ['--', '--json', 'x.json'], { suites: SUITE_NAMES, json: 'x.json' }],
    ['an unknown suite', ['fast'], null],
    ['no file', ['--json'], null],
    ['an unknown option', ['--jsn', 'x'], null],
  ])('%s', (_, args, expected) => {
    expect(parse(args)).toEqual(expected);
  });
});
