import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

// ARCHITECTURE.md, "Imports run only toward the left of the way". Read from the import lines, so that imports of types count too.

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));
const EVERYTHING = '*';

/** Rooms that every other may import. */
const EVERYWHERE: readonly string[] = ['errors', 'checks'];

/** What each room may import besides itself, `errors` and `checks`; `types of x` allows `import type` alone. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  checks: [],
  graph: [],
  ann: [],
  lower: ['graph', 'ann'],
  onnx: ['graph', 'ann', 'lower'],
  network: ['ann'],
  neuron: ['ann', 'network'],
  quantize: ['ann', 'network'],
  reference: ['ann', 'network', 'neuron'],
  gpu: [],
  kernels: ['gpu', 'ann', 'network', 'neuron', 'types of plan'],
  plan: ['ann', 'network', 'neuron', 'gpu', 'kernels'],
  run: ['ann', 'network', 'neuron', 'gpu', 'kernels', 'plan'],
  observe: ['ann', 'network', 'neuron', 'gpu', 'kernels', 'plan', 'run'],
  tune: ['ann', 'network', 'data', 'gpu', 'kernels', 'plan', 'run'],
  convert: ['ann', 'network', 'quantize', 'gpu', 'plan', 'run', 'observe'],
  data: ['ann', 'network', 'run'],
  evaluate: [
    ...['ann', 'network', 'neuron', 'onnx', 'quantize', 'reference', 'gpu', 'kernels', 'plan', 'run', 'observe', 'convert'],
    ...['data', 'types of graph'],
  ],
  plot: [],
  report: ['plot', 'evaluate'],
  cli: [EVERYTHING],
  index: [EVERYTHING],
};

/** The files of each room that other rooms import: its face. A room whose every file is one shader's or one question's has all. */
const FACE: Readonly<Record<string, readonly string[]>> = {
  graph: ['graph.ts', 'attributes.ts', 'order.ts', 'rename.ts'],
  ann: ['ann.ts', 'build.ts', 'fixed.ts', 'pixels.ts', 'statistics.ts'],
  lower: ['lower.ts'],
  onnx: ['import.ts'],
  network: [
    ...['network.ts', 'neuron.ts', 'timetable.ts', 'units.ts', 'check.ts', 'interleave.ts', 'work.ts', 'fan-out.ts'],
    ...[
      'diagnosis.ts',
      'power.ts',
      'round.ts',
      'correction.ts',
      'bound.ts',
      'saved/about.ts',
      'saved/depth.ts',
      'saved/load.ts',
      'saved/save.ts',
    ],
  ],
  neuron: ['neuron.ts', 'model.ts', 'bistable.ts', 'membrane.ts'],
  quantize: ['grid.ts', 'quantize.ts', 'joins.ts', 'phases.ts'],
  reference: ['simulate.ts'],
  gpu: ['device.ts', 'node.ts', 'buffers.ts', 'bind.ts', 'clock.ts', 'pipelines.ts', 'shader.ts'],
  kernels: [EVERYTHING],
  plan: [
    ...[
      'program.ts',
      'batch.ts',
      'counters.ts',
      'choices.ts',
      'fit.ts',
      'cells/plan.ts',
      'cells/histograms.ts',
      'words/options.ts',
      'words/plan.ts',
      'words/regions.ts',
    ],
    ...['trains/plan.ts', 'trains/chunks.ts', 'trains/layout.ts', 'trains/passes.ts', 'trains/interleaved.ts'],
  ],
  run: [
    'ann-session.ts',
    'batch.ts',
    'calibration-session.ts',
    'interleaver.ts',
    'layer-by-layer.ts',
    'load.ts',
    'logits.ts',
    'session.ts',
    'source.ts',
    'stepped-session.ts',
  ],
  observe: ['activations.ts', 'diagnosis.ts', 'record.ts', 'tally.ts', 'channel-sums.ts'],
  tune: ['cache.ts', 'tune.ts'],
  convert: ['convert.ts', 'once.ts', 'scale.ts', 'choose-phases.ts', 'estimate.ts', 'search.ts', 'trials.ts'],
  data: [
    ...[
      'data-set.ts',
      'arrays/npy.ts',
      'arrays/npz-writer.ts',
      'network-file.ts',
      'open.ts',
      'pixel-statistics.ts',
      'read-file.ts',
    ],
    'sidecar.ts',
    'temporary.ts',
  ],
  evaluate: [
    ...['evaluate.ts', 'compare.ts', 'trace.ts', 'self-test.ts', 'options.ts', 'result.ts', 'comparison.ts', 'compared-neuron.ts'],
    ...[
      'accuracy.ts',
      'checkpoint.ts',
      'convert-model.ts',
      'curve.ts',
      'diagnosis.ts',
      'digest.ts',
      'effects.ts',
      'evaluation-file.ts',
      'explain.ts',
      'explained.ts',
      'fit.ts',
      'inspect.ts',
      'merge-parts.ts',
      'model.ts',
      'notes.ts',
      'passes.ts',
      'pixel-check.ts',
      'predict.ts',
      'record.ts',
      'recorded.ts',
      'remedies.ts',
      'saved.ts',
      'saved-inputs.ts',
      'shard.ts',
      'subject.ts',
      'sweep.ts',
      'swept.ts',
      'tune-network.ts',
      'tuned-network.ts',
      'verify.ts',
      'work.ts',
    ],
  ],
  plot: ['comparison.ts', 'raster.ts', 'render.ts', 'sweep.ts'],
  report: ['comparison.ts', 'raster.ts', 'sweep.ts', 'text.ts'],
};

/** Rooms that run in a browser, and the files of theirs that do not, or only in part. */
const WITHOUT_NODE = [
  ...[
    'errors',
    'checks',
    'graph',
    'ann',
    'lower',
    'network',
    'neuron',
    'quantize',
    'reference',
    'gpu',
    'kernels',
    'plan',
    'run',
    'observe',
  ],
  ...['convert'],
];
const NODE_ENTRIES = ['gpu/node.ts', 'gpu/quiet.ts'];

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

/** The import, export-from and dynamic import statements of a source text; comments are cut out first. */
function importsOf(from: string, source: string): Import[] {
  const code = source.replace(/\/\*[\s\S]*?\*\/|(?<=^|[\s;{}(])\/\/.*$/gm, '');
  const statements = code.matchAll(/^\s*(?:import|export)\s+(type\s)?(?:[\w$*{}\s,]*?\sfrom\s*)?['"]([^'"\n]+)['"]/gm);
  const dynamic = code.matchAll(/\bimport\(\s*['"]([^'"\n]+)['"]/g);
  return [
    ...[...statements].map(([, type, to]) => ({ from, to, typeOnly: type !== undefined })),
    ...[...dynamic].map(([, to]) => ({ from, to, typeOnly: false })),
  ];
}

const roomOf = (file: string): string => file.split('/')[0].replace(/\.ts$/, '');
const isNode = (to: string): boolean => to.startsWith('node:') || builtinModules.includes(to);

/** A relative import's target as a path in src/, with `../` where it leads outside. */
const target = ({ from, to }: Import): string => relative(SRC, join(SRC, dirname(from), to)).replaceAll('\\', '/');

/** What is wrong with one import, or nothing. */
function violation(one: Import): string | undefined {
  const says = (rule: string): string => `${one.from} imports ${one.to}: ${rule}`;
  const room = roomOf(one.from);
  if (isNode(one.to) || one.to === 'webgpu') {
    return WITHOUT_NODE.includes(room) && !NODE_ENTRIES.includes(one.from) ? says(`${room}/ runs in a browser`) : undefined;
  }
  if (!one.to.startsWith('.')) return undefined;
  const file = target(one);
  if (file.startsWith('../')) return WITHOUT_NODE.includes(room) ? says('leads out of src/') : undefined;
  const other = roomOf(file);
  if (other === room) return undefined;
  if (other === 'cli') return says('nothing imports cli/');
  if (other === 'index') return says('nothing imports the public face');
  const face = FACE[other] ?? [EVERYTHING];
  if (!face.includes(EVERYTHING) && !face.includes(file.slice(other.length + 1))) return says(`not of the face of ${other}/`);
  const may = MAY_IMPORT[room] ?? [];
  if (EVERYWHERE.includes(other) || may.includes(EVERYTHING) || may.includes(other)) return undefined;
  if (may.includes(`types of ${other}`)) return one.typeOnly ? undefined : says(`${room}/ may import only types of ${other}/`);
  return says(`${room}/ may import ${[...EVERYWHERE, ...may].join(', ')}`);
}

/** Every cycle once, as the files along it. */
function cyclesOf(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const way: string[] = [];
  const cycles: string[] = [];
  const visit = (file: string): void => {
    const at = way.indexOf(file);
    if (at >= 0) cycles.push([...way.slice(at), file].join(' → '));
    if (at >= 0 || done.has(file)) return;
    way.push(file);
    for (const next of graph.get(file) ?? []) visit(next);
    way.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return cycles;
}

const files = readdirSync(SRC, { recursive: true })
  .map((name) => String(name).replaceAll('\\', '/'))
  .filter((name) => name.endsWith('.ts'))
  .sort();
const imports = files.flatMap((file) => importsOf(file, readFileSync(join(SRC, file), 'utf8')));
const inside = imports.filter(({ to }) => to.startsWith('.'));

describe('imports in src/', () => {
  it.each(Object.keys(MAY_IMPORT))('%s imports only what it may', (room) => {
    const wrong = imports.filter(({ from }) => roomOf(from) === room).map(violation);
    expect(wrong.filter((line) => line !== undefined)).toEqual([]);
  });

  it('every file is in a room that the table names', () => {
    expect(files.filter((file) => !(roomOf(file) in MAY_IMPORT))).toEqual([]);
  });

  it('every file of a face is imported by another room', () => {
    const used = new Set(inside.filter((one) => roomOf(one.from) !== roomOf(target(one))).map(target));
    const all = Object.entries(FACE).flatMap(([room, face]) =>
      face.filter((one) => one !== EVERYTHING).map((one) => `${room}/${one}`),
    );
    expect(all.filter((file) => !used.has(file))).toEqual([]);
  });

  it('every relative import names a file that is there', () => {
    expect(inside.filter((one) => !existsSync(join(SRC, target(one)))).map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  it('no cycles', () => {
    const graph = new Map(files.map((file) => [file, inside.filter(({ from }) => from === file).map(target)]));
    expect(cyclesOf(graph)).toEqual([]);
  });
});

describe('the check itself', () => {
  const one = (from: string, to: string, typeOnly = false): Import => ({ from, to, typeOnly });

  it('reads every form of import, and no comment', () => {
    const source = [
      "import type { A } from './a.ts';",
      "import {\n  type B,\n  b,\n} from './b.ts';",
      "import './c.ts';",
      "export * from './d.ts';",
      "export type { E } from './e.ts';",
      "const f = await import('./f.ts');",
      "// import './no.ts';",
      "/**\n * import { no } from './no.ts'\n */",
      "import * as g from 'g'; // from './no.ts'",
      "export const url = 'http://no.example';",
    ].join('\n');
    const read = importsOf('x.ts', source).map(({ to, typeOnly }) => (typeOnly ? `type ${to}` : to));
    expect(read).toEqual(['type ./a.ts', './b.ts', './c.ts', './d.ts', 'type ./e.ts', 'g', './f.ts']);
  });

  it.each([
    ['up the way', one('graph/fold.ts', '../network/network.ts'), /graph\/ may import errors, checks$/],
    ['a value where types are allowed', one('kernels/pool.ts', '../plan/fit.ts'), /only types of plan/],
    ['Node in the core', one('run/session.ts', 'node:fs'), /browser/],
    ['Node without its prefix', one('run/session.ts', 'fs'), /browser/],
    ['the webgpu package outside its file', one('gpu/device.ts', 'webgpu'), /browser/],
    ['the command', one('evaluate/curve.ts', '../cli/main.ts'), /nothing imports cli/],
    ['what is inside another room', one('convert/convert.ts', '../run/runner.ts'), /not of the face of run/],
    ['the public face', one('data/mnist.ts', '../index.ts'), /public face/],
  ])('refuses %s', (_, wrong, rule) => {
    expect(violation(wrong)).toMatch(rule);
  });

  it.each([
    ['the room itself', one('graph/fold.ts', './ann.ts')],
    ['errors', one('graph/fold.ts', '../errors.ts')],
    ['types where types are allowed', one('kernels/pool.ts', '../plan/fit.ts', true)],
    ['the one file that loads webgpu', one('gpu/node.ts', 'webgpu')],
    ['files for data sets', one('data/mnist.ts', 'node:fs/promises')],
    ['the set-up’s advice for the command', one('cli/run-doctor.ts', '../../scripts/setup/driver.mjs')],
  ])('allows %s', (_, right) => {
    expect(violation(right)).toBeUndefined();
  });

  it('finds a cycle', () => {
    const graph = new Map([
      ['a.ts', ['b.ts']],
      ['b.ts', ['c.ts', 'a.ts']],
      ['c.ts', []],
    ]);
    expect(cyclesOf(graph)).toEqual(['a.ts → b.ts → a.ts']);
  });
});
