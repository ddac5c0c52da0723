import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { isNetworkFile, readNetworkFile } from '../../src/data/network-file.ts';
import { saveNetwork } from '../../src/network/saved/save.ts';
import { randomNetwork } from '../helpers/random-network.ts';
import { openFile, signed } from '../network/saved-file.ts';
import { folderTest } from './temporary-folder.ts';

const NETWORK = randomNetwork({ seed: 7, layers: 3, channels: 6, size: 6, phaseBits: 4, waves: 2, initial: 'half' });
const MODELS = ['mnist-resnet', 'resnet20-cifar10', 'vgg16-slim-cifar10'].map((name) => `datasets/models/${name}.onnx`);

describe('the file of a saved network', () => {
  folderTest('is known by its content and read', async ({ folder }) => {
    const path = join(folder, 'any name.onnx');
    await writeFile(path, await saveNetwork(NETWORK));
    expect(await isNetworkFile(path)).toBe(true);
    expect((await readNetworkFile(path)).network).toStrictEqual(NETWORK);
    await writeFile(path, (await readFile(path)).subarray(0, 100));
    expect(await isNetworkFile(path)).toBe(true);
    await expect(readNetworkFile(path)).rejects.toMatchObject({ code: 'network-truncated', where: path });
  });

  folderTest('is no model, no other file and no folder', async ({ folder }) => {
    for (const model of MODELS) expect(await isNetworkFile(model)).toBe(false);
    const path = join(folder, 'empty');
    await writeFile(path, '');
    for (const other of ['package.json', folder, path, join(folder, 'nothing'), '/dev/null']) {
      expect(await isNetworkFile(other)).toBe(false);
    }
  });

  folderTest('that is not there, or not sound, is refused by its name', async ({ folder }) => {
    const path = join(folder, 'net.bsnn');
    await expect(readNetworkFile(path)).rejects.toMatchObject({ code: 'unreadable-file', where: path });
    const file = openFile(await saveNetwork(NETWORK));
    file.header.__metadata__.network = file.header.__metadata__.network.replace('"initial":"half"', '"initial":"full"');
    await writeFile(path, signed(file));
    await expect(readNetworkFile(path)).rejects.toMatchObject({
      code: 'unsound-network',
      name: 'ConversionError',
      where: `${path}, network "${NETWORK.name}"`,
    });
  });
});
