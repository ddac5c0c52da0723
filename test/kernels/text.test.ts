import { describe, expect, it } from 'vitest';
import type { Conditions } from '../../src/gpu/shader.ts';
import { type KernelName, recordOf, shaderOf, uniformOf } from '../../src/kernels/kernel.ts';
import { kernels } from '../../src/kernels/sources.ts';
import { packParameters } from '../../src/run/load.ts';

/** All values of the given conditions. */
function variants(...names: readonly string[]): Conditions[] {
  return Array.from({ length: 2 ** names.length }, (_, bits) =>
    Object.fromEntries(names.map((name, i) => [name, ((bits >> i) & 1) === 1])),
  );
}

/** A layer of 3×3 convolutions on a GPU with packed dot products. */
const PLAIN: Conditions = {
  ...{
    uniformWeights: true,
    uniformTable: true,
    packedDot: true,
    signedDot: false,
    integers: false,
    halves: false,
    broadcast: false,
    keepMembranes: false,
  },
  ...{ three: false, rows: true, deep: false, window: false, identity: false, pixels: false, padded: false },
};
/** Bytes of 16 × 16 × 32. */
const MATRIX: Conditions = {
  ...{ matrixM: 16, matrixN: 16, matrixK: 32, matrixDown: 4, matrixAcross: 2, matrixDepth: 32 },
  ...{ operand: 'u8', product: 'u32', element: 'vec4u', perElement: 16, rowElements: 3, subgroupSize: 32 },
};

interface Case {
  readonly name: KernelName;
  readonly conditions: readonly Conditions[];
}

/** The stepped engine's kernels; those that hold a neuron, with each neuron's library. */
const STEPPED: Case[] = [
  { name: 'inject', conditions: variants() },
  { name: 'start', conditions: variants() },
  { name: 'pool-spikes', conditions: variants('sum', 'byValue', 'remembers', 'signed') },
  ...['bistable', 'burst', 'phase', 'multi'].flatMap((neuron): Case[] => [
    {
      name: 'integrate',

      conditions: variants('windowed', 'driven', 'broadcast').map((one) => ({
        ...one,
        ...{ neuron, signed: neuron === 'multi', wide: neuron === 'multi' },
      })),
    },
    {
      name: 'fused',

      conditions: variants('three', 'uniformWeights', 'packedDot', 'integers', 'halves', 'windowed', 'driven', 'broadcast').map(
        (one) => ({
          ...one,
          ...{ neuron, signed: neuron === 'multi', wide: neuron === 'multi', signedDot: false },
        }),
      ),
    },
    {
      name: 'fused-spikes',

      conditions: variants('windowed', 'driven').map((one) => ({
        ...one,
        ...{ neuron, broadcast: false, signed: neuron === 'multi', wide: neuron === 'multi' },
      })),
    },
    {
      name: 'readout-steps',

      conditions: variants('three', 'uniformWeights', 'packedDot', 'integers', 'halves', 'driven', 'broadcast').map((one) => ({
        ...one,
        ...{ neuron, signed: neuron === 'multi', windowed: neuron === 'bistable', signedDot: false },
      })),
    },
  ]),
];

const KERNELS: Case[] = [
  { name: 'encode', conditions: variants() },
  {
    name: 'accumulate',

    conditions: [
      ...variants('uniformWeights', 'packedDot', 'signedDot', 'keepMembranes', 'broadcast').map((one) => ({ ...PLAIN, ...one })),
      ...variants('rows', 'deep', 'window', 'identity', 'pixels', 'padded', 'three', 'integers', 'halves').map((one) => ({
        ...PLAIN,
        ...one,
      })),
    ],
  },
  {
    name: 'accumulate-small',

    conditions: [
      ...variants('eight', 'uniformWeights', 'uniformTable', 'packedDot', 'signedDot', 'keepMembranes').map((one) => ({
        ...PLAIN,
        ...one,
      })),
      ...variants('eight', 'rows', 'window', 'identity', 'pixels', 'padded', 'three', 'integers').map((one) => ({
        ...PLAIN,
        ...one,
      })),
    ],
  },
  {
    name: 'accumulate-tiled',
    conditions: variants('signedDot', 'identity', 'keepMembranes').map((one) => ({ ...PLAIN, ...one })),
  },
  {
    name: 'accumulate-matrix',
    conditions: variants('bytes', 'narrow', 'half', 'signedDot', 'sizedSubgroup', 'identity', 'keepMembranes').map((one) => ({
      ...PLAIN,
      ...MATRIX,
      ...one,
    })),
  },
  {
    name: 'depthwise',
    conditions: variants(
      'wide',
      'rows',
      'strided',
      'window',
      'halves',
      'uniformWeights',
      'uniformTable',
      'broadcast',
      'keepMembranes',
    ),
  },
  { name: 'pool', conditions: variants('maximum') },
  { name: 'readout', conditions: variants() },
  { name: 'tally', conditions: variants() },
  { name: 'channel-sums', conditions: variants('activations') },
  { name: 'diagnose', conditions: variants() },
  ...STEPPED,
];

/** `binding: address space, name` of a shader's resources. */
const bindings = (text: string) =>
  [...text.matchAll(/@group\(0\) @binding\((\d+)\) var<([^>]*)> (\w+)/g)].map(([, n, space, name]) => `${n}: ${space} ${name}`);

const accumulate = (conditions: Partial<Conditions>) => shaderOf('accumulate', { ...PLAIN, ...conditions } as Conditions).code;

describe('final WGSL of the spiking kernels', () => {
  it.each(KERNELS)('$name: nothing of the preprocessor is left, bindings count up, braces match', ({ name, conditions }) => {
    for (const values of conditions) {
      const { code: text, bindings: declared } = shaderOf(name, values);
      expect(declared.map(({ binding, name: of }) => `${binding} ${of}`)).toEqual(
        bindings(text).map((line) => line.replace(/:.* /, ' ')),
      );
      expect(text).not.toMatch(/#(if|elif|else|endif)|\$\{/);
      // a condition may leave one out
      const numbers = bindings(text).map((line) => Number.parseInt(line, 10));
      expect(numbers[0]).toBe(0);
      expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
      expect(text.split('{').length).toBe(text.split('}').length);
      expect(text.match(/@compute/g)?.length).toBe(1);
    }
  });

  it('accumulate: where the weights and membranes come from', () => {
    expect(bindings(accumulate({ keepMembranes: true }))).toMatchInlineSnapshot(`
      [
        "0: storage, read_write words",
        "1: uniform weights",
        "2: uniform layer",
        "3: uniform batch",
        "4: uniform channels",
        "5: storage, read_write counters",
        "6: storage, read_write membranes",
      ]
    `);
    expect(bindings(accumulate({ uniformWeights: false, uniformTable: false }))).toMatchInlineSnapshot(`
      [
        "0: storage, read_write words",
        "1: storage, read weights",
        "2: uniform layer",
        "3: uniform batch",
        "4: storage, read channels",
        "5: storage, read_write counters",
      ]
    `);
  });

  it('accumulate: packed dot products only where they are asked for', () => {
    expect(accumulate({ packedDot: true })).toMatch(/dot4[IU]8Packed/);
    expect(accumulate({ packedDot: false })).not.toMatch(/dot4/);
  });

  it('accumulate: signed dot products sum no words alone', () => {
    const text = accumulate({ packedDot: false, signedDot: true });
    expect(text).toContain('dot4I8Packed');
    expect(text).not.toMatch(/dot4U8Packed|0x01010101u/);
  });

  it('pool: maximum or sum', () => {
    const of = (maximum: boolean) => shaderOf('pool', { maximum }).code;
    expect(of(true)).toContain('max((*pooled)[0], bytesOf(word))');
    expect(of(true)).not.toContain('+= bytesOf');
    expect(of(false)).toContain('+= bytesOf');
    expect(of(false)).not.toContain('max((*pooled)');
  });

  it.each(['bistable', 'burst', 'phase', 'multi'])('%s: a step does not branch, or SwiftShader never ends compiling', (neuron) => {
    const words = { signed: neuron === 'multi', wide: neuron === 'multi' };
    const conditions = { neuron, windowed: neuron === 'bistable', driven: true, broadcast: false, ...words };
    const text = shaderOf('integrate', conditions).code.replace(/\/\/.*$/gm, '');
    for (const name of ['arriving', 'receive', 'chargeOf', 'fire', 'oneStep']) {
      const body = text.match(new RegExp(`\\nfn ${name}\\(.*?\\n}`, 's'))?.[0];
      expect(body, name).toBeDefined();
      expect(body, name).not.toMatch(/&&|\|\||\b(if|for|while|loop|switch)\b/);
    }
  });

  it('a condition that is forgotten is an error', () => {
    expect(() => shaderOf('pool', {})).toThrow(/maximum/);
  });
});

describe('parameters of all dispatches', () => {
  it('lie one behind the other, each at a multiple of 256', () => {
    const { data, offsets } = packParameters([
      { kernel: 'encode', parameters: { channels: 7 } },
      { kernel: 'accumulate', parameters: { channels: 8 } },
      { kernel: 'encode', parameters: { channels: 9 } },
    ]);
    const behind = 256 + Math.ceil(uniformOf('accumulate', 'layer').size / 256) * 256;
    expect(offsets).toEqual([0, 256, behind]);
    expect(data.length).toBe(behind + 256);
    const view = new DataView(data.buffer);
    expect(offsets.map((offset) => view.getUint32(offset, true))).toEqual([7, 8, 9]);
  });
});

describe('records of kernels', () => {
  it('every file with an entry point is tried above, but for those of the trained network', () => {
    const tried = new Set<string>(KERNELS.map(({ name }) => name));
    const others = Object.keys(kernels).filter((name) => !tried.has(name));
    expect(others).toEqual(['ann-convolve', 'ann-encode', 'ann-pool', 'histogram']);
  });

  it.each(Object.keys(kernels) as KernelName[])('%s: its parameters are the uniform "layer"', (name) => {
    expect(recordOf(name).bindings.some((one) => one.name === 'layer' && one.type === 'uniform')).toBe(true);
    expect(uniformOf(name, 'layer').size % 16).toBe(0);
  });
});
