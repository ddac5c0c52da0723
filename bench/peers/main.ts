/** npm run bench:peers: the same network and images by us, onnxruntime and PyTorch, on the same machine; one table. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Ann } from '../../src/ann/ann.ts';
import { convert } from '../../src/convert/convert.ts';
import { openDataSet } from '../../src/data/open.ts';
import { readSidecar } from '../../src/data/sidecar.ts';
import { checkClasses, checkShapes, chooseNormalization } from '../../src/evaluate/fit.ts';
import { DEFAULTS } from '../../src/evaluate/options.ts';
import { calibrationImages, evaluationImages } from '../../src/evaluate/selection.ts';
import type { Device } from '../../src/gpu/device.ts';
import { openDevice } from '../../src/gpu/node.ts';
import { importOnnx } from '../../src/onnx/import.ts';
import type { Normalization } from '../../src/run/ann-session.ts';
import { readImages } from '../../src/run/source.ts';
import { commit } from '../commit.ts';
import { exitWith } from '../exit.ts';
import { ROOT } from '../root.ts';
import { keepRows } from '../rows.ts';
import { type PeersArguments, parse, USAGE } from './arguments.ts';
import { exportNetwork } from './export.ts';
import { type Images, imagesOf } from './images.ts';
import { measureOnnxruntime } from './onnxruntime.ts';
import { measureOurs, measureOursStepped } from './ours.ts';
import { findPython, runScript } from './python.ts';
import { compare, type Measured, type PeerRow, type PeersResult, skipped } from './result.ts';
import { tableLines } from './table.ts';

/** Words of the longer of our two runs. */
const WAVES = 3;
/** Images at once, for us and for PyTorch: on processor cores, and on hardware that wants more to do. */
const BATCH = { cpu: 64, cuda: 512 } as const;

/** Peers in PyTorch: what the table calls them, and their script. */
const SCRIPTS = [
  ['literal', 'literal.py'],
  ['windowed', 'windowed.py'],
  ['ann2snn (rate code)', 'ann2snn.py'],
] as const;

/** What all peers are given. */
interface Task {
  readonly model: string;
  readonly ann: Ann;
  readonly images: Images;
  readonly calibration: Uint8Array;
  readonly normalization: Normalization;
}

const say = (line: string): void => console.error(`peers: ${line}`);

async function prepare({ model, dataset: spec, limit }: PeersArguments): Promise<Task> {
  const dataset = await openDataSet(spec);
  const ann = await importOnnx(model);
  const sidecar = await readSidecar(model);
  checkClasses(ann, sidecar);
  checkShapes(ann, dataset);
  const images = await imagesOf(evaluationImages(dataset, 0, limit));
  const { source: chosen } = calibrationImages(dataset, DEFAULTS, images.count);
  const calibration = await readImages(chosen, 0, chosen.count);
  const { mean, std } = chooseNormalization(ann, dataset, sidecar, {});
  return { model, ann, images, calibration, normalization: { mean, std } };
}

async function measureAll(
  device: Device,
  task: Task,
  { phaseBits, seconds }: PeersArguments,
  add: (row: Measured) => void,
): Promise<void> {
  const { ann, images, calibration, normalization } = task;
  const network = await convert(device, ann, calibration, { phaseBits, ...normalization });
  const versions = `webgpu ${packageVersion('webgpu')}`;
  const batch = device.description.software ? BATCH.cpu : BATCH.cuda;
  say('ours');
  const first = await measureOurs(device, network, images, batch, 1, versions);
  add(first.row);
  const { row, run } = await measureOurs(device, network, images, batch, WAVES, versions);
  add(row);
  say('onnxruntime');
  add(await measureOursStepped(device, network, images, batch, first.run, versions));
  add(await measureOnnxruntime(task.model, ann, images, normalization));
  const folder = mkdtempSync(join(tmpdir(), 'bsnn-peers-'));
  try {
    exportNetwork(folder, { network, ann, normalization, images, calibration, run, waves: WAVES, batch: BATCH });
    const python = findPython(say);
    for (const [name, script] of SCRIPTS) {
      say(script);
      const rows =
        typeof python === 'string'
          ? [skipped(name, `no PyTorch: ${python}`)]
          : runScript(python, join(ROOT, 'bench/peers', script), name, folder, seconds);
      rows.forEach(add);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  // other load on the machine shows in the difference to the first row
  const again = await measureOurs(device, network, images, batch, 1, versions);
  add({ ...again.row, name: `${again.row.name}, again` });
}

const packageVersion = (name: string): string =>
  JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')).version;

async function main(args: readonly string[]): Promise<number> {
  const parsed = parse(args);
  if (!parsed) {
    console.error(USAGE);
    return 2;
  }
  const task = await prepare(parsed);
  const device = await openDevice();
  try {
    const loadBefore = loadavg()[0];
    const head = (): Omit<PeersResult, 'rows'> => ({
      device: device.description,
      host: { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, loadBefore, loadAfter: loadavg()[0] },
      date: new Date().toISOString(),
      commit: commit(),
      command: `npm run bench:peers -- ${args.join(' ')}`.trim(),
      model: basename(parsed.model, '.onnx'),
      dataset: parsed.dataset.split(':')[0],
      phaseBits: parsed.phaseBits,
    });
    const measured: Measured[] = [];
    const kept = keepRows<PeerRow>(parsed.json, head);
    await measureAll(device, task, parsed, (row) => {
      measured.push(row);
      kept.add(compare(measured)[measured.length - 1]);
    });
    const result = { ...head(), rows: kept.finish() };
    console.log(tableLines(result).join('\n'));
    return result.rows.some((row) => row.wrong) ? 1 : 0;
  } finally {
    device.dispose();
  }
}

await exitWith(main);
