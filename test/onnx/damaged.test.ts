/** Damaged files: whatever is cut off or flipped, the import ends, in a network or in a `BsnnError`. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BsnnError, ModelFormatError } from '../../src/errors.ts';
import { importOnnx } from '../../src/onnx/import.ts';
import { manyOperators } from '../helpers/onnx-networks.ts';

const model = manyOperators();

/** Imports; anything but a network or a `BsnnError` fails the test. */
async function outcome(bytes: Uint8Array): Promise<'network' | BsnnError> {
  try {
    await importOnnx(bytes);
    return 'network';
  } catch (error) {
    if (error instanceof BsnnError) return error;
    throw error;
  }
}

describe('damaged models', () => {
  it('whole, it is a network', async () => expect(await outcome(model)).toBe('network'));

  it('cut off anywhere', async () => {
    for (let length = 0; length < model.length; length++) expect(await outcome(model.slice(0, length))).toBeInstanceOf(BsnnError);
  });

  it('with every fifth bit flipped in turn', async () => {
    let networks = 0;
    const codes = new Set<string>();
    for (let bit = 0; bit < model.length * 8; bit += 5) {
      const flipped = model.slice();
      flipped[bit >> 3] ^= 1 << (bit & 7);
      const result = await outcome(flipped);
      if (result === 'network') networks++;
      else codes.add(result.code);
    }
    // Most of the bits are weights, and those that are not must fail in many ways, or this test tests nothing.
    expect(networks).toBeGreaterThan(model.length / 2);
    expect(codes.size).toBeGreaterThan(8);
  });

  it('with several bytes overwritten', async () => {
    const change = fc.tuple(fc.nat(model.length - 1), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async (changes) => {
        const damaged = model.slice();
        for (const [at, value] of changes) damaged[at] = value;
        await outcome(damaged);
      }),
      { seed: 1, numRuns: 3000 },
    );
  });

  it('with a piece taken out', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(model.length), fc.nat(40), async (at, count) => {
        await outcome(Uint8Array.from([...model.slice(0, at), ...model.slice(at + count)]));
      }),
      { seed: 2, numRuns: 500 },
    );
  });

  it('random bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        expect(await outcome(bytes)).toBeInstanceOf(ModelFormatError);
      }),
      { seed: 3, numRuns: 1000 },
    );
  });
});
