import { openDevice } from '../src/gpu/node.ts';
import { chunkParameters } from '../src/kernels/steps.ts';
import { resnet20 } from './network.ts';
import { BATCH, randomImages } from './kernels.ts';
import { Stopwatch } from './measure.ts';
import { runs, SteppedSession } from '../src/session/stepped.ts';
import { readdirSync, readFileSync } from 'node:fs';
const cpu = () => readdirSync('/proc/self/task').filter((t) => +t !== process.pid).reduce((s, t) => { try { return s + Number(readFileSync(`/proc/self/task/${t}/schedstat`, 'utf8').split(' ')[0]); } catch { return s; } }, 0) / 1e6;
const device = await openDevice();
const stopwatch = new Stopwatch(device);
const network = await resnet20();
const name = process.argv[2] ?? 'bistable';
const timesteps = Number(process.argv[3] ?? 80);
const session = await SteppedSession.create(device, network, { neuron: { name } as never, timesteps, batch: BATCH });
const images = randomImages(network, session.plan.batch);
await session.run(images);
const c0 = cpu(); const t0 = performance.now();
await session.run(images);
const wall = performance.now() - t0;
console.log('run: cpu', (cpu() - c0).toFixed(0), 'wall', wall.toFixed(0), 'image-steps/s', (64 * timesteps / wall * 1000).toFixed(0), 'forms', session.forms.join(' '));
const chunks = session.cut([]);
const sum = new Map<string, number[]>();
const once = new Map<string, number>();
const skip = (process.argv[4] ?? '').split(',');
for (let j = 0; j < session.plan.dispatches.length; j++) {
  const d = session.plan.dispatches[j];
  const active = chunks.filter((c) => runs(d, c, session.forms[d.layer]));
  if (active.length === 0 || skip.includes(d.kernel)) continue;
  const { channels, height } = d.layer < 0 ? { channels: 0, height: 0 } : network.layers[d.layer].shape;
  const p = d.parameters as any;
  const key = `${d.kernel} ${channels}x${height} r${p.receives ?? ''} t${p.terms ?? ''} ${(p.term ?? []).map((t: any) => `${t.kind}${t.strideX}${t.kernelWidth}:${t.blocks}`).join('+')}`;
  if (!once.has(key)) {
    const c = active[active.length - 1];
    const bytes = new Uint8Array(chunkParameters.size);
    chunkParameters.write(new DataView(bytes.buffer), { step: c.step, steps: c.steps, window: c.window, place: c.place, images: 64 });
    device.handle.queue.writeBuffer(session.engine.chunk, 0, bytes);
    const work = await stopwatch.scale([session.engine.kernels[j]], 30);
    await stopwatch.once(work);
    const ts: number[] = [];
    for (let k = 0; k < 5; k++) { const a = cpu(); await stopwatch.once(work, 20); ts.push((cpu() - a) / work.repeat); }
    ts.sort((a, b) => a - b);
    once.set(key, ts[2]);
  }
  const t = once.get(key) as number;
  const e = sum.get(key) ?? [0, 0, 0, 0];
  e[0] += t * active.length; e[1] += active.length; e[2] = t; e[3] += d.macs * active.reduce((s, c) => s + c.steps, 0);
  sum.set(key, e);
}
let total = 0;
for (const [k, [t, n, one, macs]] of [...sum].sort((a, b) => b[1][0] - a[1][0])) { total += t; console.log(k.padEnd(48), `${t.toFixed(0)} cpu-ms`.padStart(14), `${n} ×`.padStart(8), `${one.toFixed(2)}`.padStart(8), macs ? `${(macs / t / 1e6 * 2).toFixed(1)} GMAC/s` : ''); }
console.log('total', total.toFixed(0));
process.exit(0);
