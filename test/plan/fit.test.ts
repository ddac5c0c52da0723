import { describe, expect, it } from 'vitest';
import { BsnnError, DeviceError, OptionError } from '../../src/errors.ts';
import { excess, FIT_OPTIONS, fit } from '../../src/plan/fit.ts';
import type { Program } from '../../src/plan/program.ts';

const MIB = 2 ** 20;
const limits = { maxUniformBufferBindingSize: 65536, maxStorageBufferBindingSize: 2 * MIB, maxBufferSize: 4 * MIB };

/** Of a program only what is looked at. */
const program = (over: object) => ({ buffers: {}, dispatches: [], results: [], ...over }) as unknown as Program;
const buffers = (bytes: number, usage = 'storage') => ({ words: { bytes, usage, cleared: false } });
const bound = (name: string, size: number, variant = {}) => [{ name: 'first', ranges: { [name]: { offset: 0, size } }, variant }];

describe('what is too large is said in MiB, with what there may be', () => {
  it.each<[string, object, string | null]>([
    ['a binding that just fits', { buffers: buffers(2 * MIB) }, null],
    ['a buffer bound whole', { buffers: buffers(2 * MIB + 4) }, 'buffer "words" needs 2.0 MiB, and a binding has at most 2.0 MiB'],
    ['a uniform buffer', { buffers: buffers(3 * MIB, 'uniform') }, null],
    ['a buffer bound in ranges', { buffers: buffers(3 * MIB), dispatches: bound('words', 16) }, null],
    [
      'a buffer beyond the largest',
      { buffers: buffers(5 * MIB), dispatches: bound('words', 16) },
      'buffer "words" needs 5.0 MiB, and a buffer has at most 4.0 MiB',
    ],
    ['a range that just fits', { dispatches: bound('weights', 2 * MIB) }, null],
    [
      'a range',
      { dispatches: bound('weights', 2.5 * MIB) },
      'layer "first"\'s weights needs 2.5 MiB, and a binding has at most 2.0 MiB',
    ],
    ['a range bound as uniform', { dispatches: bound('weights', 3 * MIB, { uniformWeights: true }) }, null],
    ['a table bound as uniform', { dispatches: bound('channels', 3 * MIB, { uniformTable: true }) }, null],
    [
      'a table beside uniform weights',
      { dispatches: bound('channels', 3 * MIB, { uniformWeights: true }) },
      'layer "first"\'s channels needs 3.0 MiB, and a binding has at most 2.0 MiB',
    ],
    ['results that just fit', { results: [{ size: 4 * MIB }] }, null],
    [
      'results together',
      { results: [{ size: 3 * MIB }, { size: 3 * MIB }] },
      'what is read back needs 6.0 MiB, and a buffer has at most 4.0 MiB',
    ],
  ])('%s', (_, over, said) => {
    expect(excess(program(over), limits, Number.POSITIVE_INFINITY)).toBe(said);
  });

  it('everything together', () => {
    const one = program({ buffers: buffers(1.5 * MIB) });
    expect(excess(one, limits, 1.5 * MIB)).toBe(null);
    const said = 'everything needs 1.5 MiB, and the memory that may be used has at most 1.0 MiB';
    expect(excess(one, limits, MIB)).toBe(said);
  });
});

describe('a batch that fits', () => {
  const at = (batch: number, memory?: number) =>
    fit('net', limits, { batch, ...(memory !== undefined && { memory }) }, (size) => [
      program({ size, buffers: buffers(size * MIB) }),
    ]);

  it('is halved until it does', () => {
    expect([at(1), at(2), at(5), at(13)]).toMatchObject([{ size: 1 }, { size: 2 }, { size: 2 }, { size: 1 }]);
  });

  it('the first candidate that fits is taken', () => {
    const sizes = [3, 2, 1];
    expect(
      fit('net', limits, { batch: 1 }, () => sizes.map((size) => program({ size, buffers: buffers(size * MIB) }))),
    ).toMatchObject({ size: 2 });
  });

  const thrown = (work: () => unknown): BsnnError => {
    try {
      work();
    } catch (error) {
      if (error instanceof BsnnError) return error;
    }
    throw new Error('no error of ours');
  };

  it('or the error says what does not', () => {
    const error = thrown(() => at(4, MIB / 2));
    expect(error).toBeInstanceOf(DeviceError);
    expect(error.message).toMatch(
      /network "net".*with one image at a time: everything needs 1\.0 MiB, and the memory that may be used has at most 0\.5 MiB/,
    );
    expect(error.remedy).toContain('a device with more memory');
    expect(thrown(() => fit('net', limits, { batch: 1 }, () => [])).message).toMatch(/with one image at a time(?!: )/);
  });

  it.each([
    [0, 'batch', '0 is not an integer from 1 to 65535'],
    [65536, 'batch', '65536 is not an integer from 1 to 65535'],
    [1.5, 'batch', '1.5 is not an integer from 1 to 65535'],
  ])('a batch of %f is refused', (batch, where, said) => {
    const error = thrown(() => at(batch));
    expect(error).toBeInstanceOf(OptionError);
    expect([error.code, error.where, error.remedy]).toEqual([where, where, 'correct it']);
    expect(error.message).toContain(said);
  });

  it.each([0, -1, Number.NaN])('memory of %f bytes is refused', (memory) => {
    const error = thrown(() => at(1, memory));
    expect([error.code, error.where, error.remedy]).toEqual(['memory', 'memory', 'leave it out']);
    expect(error.message).toContain(`${memory} is not a number of bytes above 0`);
    expect(FIT_OPTIONS.memory.accepts(memory)).toBe(false);
    expect(FIT_OPTIONS.memory.accepts(0.5)).toBe(true);
  });
});
