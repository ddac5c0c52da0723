// npm run test:mutation -- [rooms of src/] [--share 0.1] [--seed 1]: mutants of all lines, or of a share of them, against the room's own tests.

import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { sample } from './sample.mjs';

const ROOMS = ['quantize', 'plan', 'onnx', 'lower'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { share: { type: 'string', default: '1' }, seed: { type: 'string', default: '1' } },
});

for (const room of positionals.length > 0 ? positionals : ROOMS) {
  const share = Number(values.share);
  const mutated = share < 1 ? sample(room, share, Number(values.seed)).join(',') : `src/${room}/**/*.ts`;
  const { status } = spawnSync(
    'test/mutation/node_modules/.bin/stryker',
    ['run', 'test/mutation/stryker.config.json', '--mutate', mutated],
    { stdio: 'inherit', env: { ...process.env, MUTATION_ROOM: room } },
  );
  if (status !== 0) process.exitCode = 1;
}
