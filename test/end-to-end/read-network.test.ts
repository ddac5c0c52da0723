import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { npyFile } from '../../src/data/arrays/npy.ts';
import type { SpikingNetwork } from '../../src/network/network.ts';
import { saveNetwork } from '../../src/network/saved/save.ts';
import { importOnnx } from '../../src/onnx/import.ts';
import { quantize } from '../../src/quantize/quantize.ts';
import { windowed } from '../../src/reference/windowed.ts';
import { folderTest } from '../data/temporary-folder.ts';
import { describeWithNumpy, numpy } from '../helpers/numpy.ts';
import { randomNetwork, randomPixels } from '../helpers/random-network.ts';
import { extremes } from '../network/extremes.ts';

// examples/read_network.py against the reference: another hand's reader of the file, and of the specification.

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));
const WAVES = 3;

/** Saves networks and an image for each, and lets the example run them, all in one process. */
async function expectSameWords(folder: string, networks: readonly SpikingNetwork[]): Promise<void> {
  const images = networks.map(({ input }, n) => randomPixels(input.shape, 1, n));
  for (const [n, network] of networks.entries()) {
    const { channels, height, width } = network.input.shape;
    await writeFile(join(folder, `${n}.bsnn`), await saveNetwork(network));
    await writeFile(join(folder, `${n}.npy`), npyFile(images[n], [channels, height, width]));
  }
  numpy(
    folder,
    'import json, sys',
    'sys.dont_write_bytecode = True',
    `sys.path.insert(0, ${JSON.stringify(EXAMPLES)})`,
    'from read_network import load, run',
    `for n in range(${networks.length}):`,
    `    words = run(load(f'{n}.bsnn'), np.load(f'{n}.npy'), ${WAVES})`,
    "    json.dump([[layer.ravel().tolist() for layer in sent] for sent in words], open(f'{n}.json', 'w'))",
  );
  for (const [n, network] of networks.entries()) {
    const { words, potentials } = windowed(network, images[n], WAVES);
    const steps = potentials.length / WAVES;
    const expected = Array.from({ length: WAVES }, (_, wave) =>
      words.map((layer) => Array.from(layer[wave] ?? potentials[(wave + 1) * steps - 1])),
    );
    expect(JSON.parse(await readFile(join(folder, `${n}.json`), 'utf8'))).toEqual(expected);
  }
}

describeWithNumpy('examples/read_network.py', () => {
  folderTest('computes our bits of random networks, of one K, of K by depth, and of extremes', async ({ folder }) => {
    const networks = Array.from({ length: 30 }, (_, seed) => {
      const initial = seed % 2 === 0 ? 'half' : 'zero';
      const recipe = { seed, layers: 6, channels: 12, size: 9, phaseBits: (seed % 8) + 1, waves: WAVES, initial } as const;
      const network = randomNetwork({ ...recipe, byDepth: seed % 3 === 0 });
      return seed < 20 ? network : extremes(network, seed);
    });
    await expectSameWords(folder, networks);
  });

  folderTest('computes our bits of the network that comes with the package', async ({ folder }) => {
    const ann = await importOnnx('datasets/models/mnist-resnet.onnx');
    const scales = ann.layers.map(() => 4);
    await expectSameWords(folder, [quantize(ann, { phaseBits: 4, initial: 'half', scales, mean: [0.1307], std: [0.3081] })]);
    const args = `'-B', ${JSON.stringify(join(EXAMPLES, 'read_network.py'))}, '0.bsnn', '0.npy'`;
    const printed = numpy(folder, 'import subprocess, sys', `print(subprocess.check_output([sys.executable, ${args}], text=True))`);
    expect(printed).toMatch(/^class \d; logits \[/);
  });
});
