import { openDevice } from '../src/gpu/node.ts';
import { checkedSession } from './kernels.ts';
import { LAYERS, layerName, layerNetwork } from './layers.ts';
import { Stopwatch } from './measure.ts';
import { Buffers } from '../src/gpu/buffers.ts';
import { benchKernel } from './shaders.ts';

import { readdirSync, readFileSync } from 'node:fs';
const cpu = () => readdirSync('/proc/self/task').filter((t) => +t !== process.pid).reduce((s, t) => { try { return s + Number(readFileSync(`/proc/self/task/${t}/schedstat`, 'utf8').split(' ')[0]); } catch { return s; } }, 0) / 1e6 / 2;
const which = (process.argv[2] ?? '0,1,2,3,4,5,6,7,10,11').split(',').map(Number);
const options = JSON.parse(process.argv[3] ?? '{}');
const device = await openDevice();
const stopwatch = new Stopwatch(device);
const buffers = new Buffers(device);
const sums = buffers.create('sums', 'storage', 32768 * 4);
const factors = buffers.create('factors', 'uniform', 16, Float32Array.of(0.5, 1));
const fma = await stopwatch.scale([await benchKernel(device, 'multiply_add', { half: false }, [sums, factors], 32768)], 8);
for (const i of which) {
  const { network, layer } = layerNetwork(LAYERS[i]);
  const t0 = performance.now();
  const session = await checkedSession(device, network, layer, options as never);
  const t1 = performance.now();
  const { dispatches } = session.plan;
  const kernels = session.engine.kernels.filter((_, k) => dispatches[k].kernel === 'accumulate' && dispatches[k].layer === layer);
  const macs = dispatches.reduce((s, d) => s + (d.kernel === 'accumulate' && d.layer === layer ? d.macs : 0), 0);
  const work = await stopwatch.scale(kernels, 30);
  const timed = async (w: typeof work) => { const c = cpu(); await stopwatch.once(w, 20); return (cpu() - c) / w.repeat; };
  await stopwatch.once(work); const rs: number[] = []; const ts: number[] = [];
  for (let k = 0; k < 13; k++) { const f = await timed(fma); const t = await timed(work); rs.push((macs / t) / (32768 * 32 * 192 / f)); ts.push(t); }
  rs.sort((a, b) => a - b); ts.sort((a, b) => a - b);
  console.log(layerName(LAYERS[i]).padEnd(28), `${(100 * rs[6]).toFixed(1)} % [${(100 * rs[2]).toFixed(0)}..${(100 * rs[10]).toFixed(0)}]`.padStart(18), `${(macs / ts[6] / 1e6).toFixed(1)} GMAC/s`.padStart(14), `cpu ${ts[6].toFixed(2)} ms`, `first ${((t1 - t0) / 1000).toFixed(1)} s`);
  if (process.env.HOLD) for (;;) await stopwatch.once({ kernels, repeat: work.repeat * 20 }, 400);
  session.dispose();
}
process.exit(0);
