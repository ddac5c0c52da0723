import { describe, expect, it } from 'vitest';
import { kernelText } from '../../src/gpu/pipelines.ts';
import type { Conditions } from '../../src/gpu/shader.ts';
import { layerParameters } from '../../src/kernels/accumulate.ts';
import { encodeParameters } from '../../src/kernels/encode.ts';
import { kernelSource, packParameters } from '../../src/kernels/kernel.ts';

/** All values of the given conditions. */
function variants(...names: readonly string[]): Conditions[] {
  return Array.from({ length: 2 ** names.length }, (_, bits) =>
    Object.fromEntries(names.map((name, i) => [name, ((bits >> i) & 1) === 1])),
  );
}

const ACCUMULATE = ['lib/broadcast', 'lib/layer', 'lib/bytes', 'lib/neurons', 'lib/tap', 'lib/sums'];
const TILED = ['lib/matrix', ...ACCUMULATE];

/** A layer of 3×3 convolutions on a GPU with packed dot products. */
const PLAIN: Conditions = {
  ...{
    uniformWeights: true,
    uniformTable: true,
    packedDot: true,
    integers: false,
    halves: false,
    broadcast: false,
    keepMembranes: false,
  },
  ...{ three: false, rows: true, deep: false, window: false, identity: false, pixels: false, padded: false },
};
const MATRIX: Conditions = {
  ...{ matrixM: 16, matrixN: 16, matrixK: 32, operand: 'u8', product: 'u32', staged: 'u32', stagedLength: 512, perElement: 4 },
};

const SUMS = ['lib/broadcast', 'lib/steps', 'lib/bytes', 'lib/tap', 'lib/spike-sums'];

/** The stepped engine's kernels; those that hold a neuron, with each neuron's library. */
const STEPPED = [
  { name: 'inject', libraries: ['lib/steps'], conditions: variants() },
  { name: 'start', libraries: ['lib/steps'], conditions: variants() },
  { name: 'flip', libraries: ['lib/steps'], conditions: variants() },
  { name: 'synchronize', libraries: ['lib/steps'], conditions: variants() },
  { name: 'pool-spikes', libraries: ['lib/steps'], conditions: variants('sum', 'byCount') },
  {
    name: 'convolve',
    libraries: SUMS,
    conditions: variants('three', 'uniformWeights', 'packedDot', 'integers', 'halves', 'broadcast'),
  },
  { name: 'convolve-spikes', libraries: ['lib/steps'], conditions: variants() },
  ...['bistable', 'burst', 'phase'].flatMap((neuron) => [
    {
      name: 'integrate',
      libraries: ['lib/broadcast', 'lib/steps', `lib/neuron-${neuron}`, 'lib/membrane'],
      conditions: variants('windowed', 'driven', 'receives', 'broadcast'),
    },
    {
      name: 'fused',
      libraries: [...SUMS, `lib/neuron-${neuron}`, 'lib/membrane'],
      conditions: variants('three', 'uniformWeights', 'packedDot', 'integers', 'halves', 'windowed', 'driven', 'broadcast'),
    },
    { name: 'readout-steps', libraries: ['lib/steps', `lib/neuron-${neuron}`], conditions: variants() },
  ]),
];

const KERNELS = [
  { name: 'encode', libraries: ['lib/layer'], conditions: variants() },
  {
    name: 'accumulate',
    libraries: ACCUMULATE,
    conditions: [
      ...variants('uniformWeights', 'packedDot', 'keepMembranes', 'broadcast').map((one) => ({ ...PLAIN, ...one })),
      ...variants('rows', 'deep', 'window', 'identity', 'pixels', 'padded', 'three', 'integers', 'halves').map((one) => ({
        ...PLAIN,
        ...one,
      })),
    ],
  },
  {
    name: 'accumulate-tiled',
    libraries: TILED,
    conditions: variants('matrix', 'half', 'identity', 'keepMembranes').map((one) => ({ ...PLAIN, ...MATRIX, ...one })),
  },
  { name: 'pool', libraries: ['lib/layer'], conditions: variants('maximum') },
  { name: 'readout', libraries: ['lib/layer'], conditions: variants() },
  { name: 'tally', libraries: ['lib/layer'], conditions: variants() },
  { name: 'diagnose', libraries: ['lib/layer'], conditions: variants() },
  ...STEPPED,
];

/** `binding: address space, name` of a shader's resources. */
const bindings = (text: string) =>
  [...text.matchAll(/@group\(0\) @binding\((\d+)\) var<([^>]*)> (\w+)/g)].map(([, n, space, name]) => `${n}: ${space} ${name}`);

const accumulate = (conditions: Partial<Conditions>) =>
  kernelText(kernelSource('accumulate', ACCUMULATE), { ...PLAIN, ...conditions } as Conditions);

describe('final WGSL of the spiking kernels', () => {
  it.each(KERNELS)(
    '$name: nothing of the preprocessor is left, bindings count up, braces match',
    ({ name, libraries, conditions }) => {
      for (const values of conditions) {
        const text = kernelText(kernelSource(name, libraries), values);
        expect(text).not.toMatch(/#(if|elif|else|endif)|\$\{/);
        // a condition may leave one out
        const numbers = bindings(text).map((line) => Number.parseInt(line, 10));
        expect(numbers[0]).toBe(0);
        expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
        expect(text.split('{').length).toBe(text.split('}').length);
        expect(text.match(/@compute/g)?.length).toBe(1);
      }
    },
  );

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

  it('pool: maximum or sum', () => {
    const of = (maximum: boolean) => kernelText(kernelSource('pool', ['lib/layer']), { maximum });
    expect(of(true)).toContain('pooled = max(pooled, bytes)');
    expect(of(true)).not.toContain('pooled += bytes');
    expect(of(false)).toContain('pooled += bytes');
    expect(of(false)).not.toContain('max(pooled');
  });

  it.each(['bistable', 'burst', 'phase'])('%s: a step does not branch, or SwiftShader never ends compiling', (neuron) => {
    const libraries = ['lib/broadcast', 'lib/steps', `lib/neuron-${neuron}`, 'lib/membrane'];
    const conditions = { windowed: neuron === 'bistable', driven: true, receives: true, broadcast: false };
    const text = kernelText(kernelSource('integrate', libraries), conditions).replace(/\/\/.*$/gm, '');
    for (const name of ['arriving', 'receive', 'chargeOf', 'fire', 'oneStep']) {
      const body = text.match(new RegExp(`\\nfn ${name}\\(.*?\\n}`, 's'))?.[0];
      expect(body, name).toBeDefined();
      expect(body, name).not.toMatch(/&&|\|\||\b(if|for|while|loop|switch)\b/);
    }
  });

  it('a condition that is forgotten is an error', () => {
    expect(() => kernelText(kernelSource('pool', ['lib/layer']), {})).toThrow(/maximum/);
  });
});

describe('parameters of all dispatches', () => {
  it('lie one behind the other, each at a multiple of 256', () => {
    const { data, offsets } = packParameters([
      { layout: encodeParameters, parameters: { channels: 7 } },
      { layout: layerParameters, parameters: { channels: 8 } },
      { layout: encodeParameters, parameters: { channels: 9 } },
    ]);
    const behind = 256 + Math.ceil(layerParameters.size / 256) * 256;
    expect(offsets).toEqual([0, 256, behind]);
    expect(data.length).toBe(behind + 256);
    const view = new DataView(data.buffer);
    expect(offsets.map((offset) => view.getUint32(offset, true))).toEqual([7, 8, 9]);
  });
});
