import { readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { DeviceError } from '../../src/errors.ts';
import { Buffers } from '../../src/gpu/buffers.ts';
import { type Device, describe as describeAdapter, requestDevice } from '../../src/gpu/device.ts';
import { openDevice } from '../../src/gpu/node.ts';
import { compile } from '../../src/gpu/pipelines.ts';
import { Session } from '../../src/run/session.ts';
import { describeOnDevice, device as shared } from '../helpers/device.ts';
import { randomPixels } from '../helpers/random-network.ts';
import { residual } from '../network/hand-made.ts';

/** What a promise is rejected with; fails where it is not, or where it hangs. */
async function rejection(promise: Promise<unknown>): Promise<DeviceError> {
  const late = new Promise<never>((_, reject) => setTimeout(() => reject(new Error('hangs')), 30_000).unref());
  const outcome = await Promise.race([promise.then(() => 'resolved'), late]).catch((e: unknown) => e);
  expect(outcome, `${outcome}`).toBeInstanceOf(DeviceError);
  return outcome as DeviceError;
}

describe('choice of an adapter', () => {
  const noAdapter = expect.objectContaining({ name: 'DeviceError', code: 'no-adapter', exitCode: 4 });

  it('no adapter at all', async () => {
    const gpu = { requestAdapter: async () => null } as unknown as GPU;
    await expect(openDevice({ gpu })).rejects.toEqual(noAdapter);
    await expect(requestDevice(gpu, null)).rejects.toThrow(/bsnn doctor/);
  });

  it('an implementation that throws', async () => {
    const gpu = {
      requestAdapter: async () => {
        throw new Error('  no driver ');
      },
    } as unknown as GPU;
    await expect(openDevice({ gpu })).rejects.toEqual(noAdapter);
    await expect(openDevice({ gpu })).rejects.toThrow('WebGPU: no driver; ');
  });

  it('a name that no adapter has: by option', async () => {
    await expect(openDevice({ adapter: 'nonsense' })).rejects.toEqual(noAdapter);
  });

  it('a name that no adapter has: by environment; an option comes first', async () => {
    vi.stubEnv('BSNN_ADAPTER', 'nonsense');
    try {
      await expect(openDevice()).rejects.toEqual(noAdapter);
      await expect(openDevice()).rejects.toThrow(/--adapter, BSNN_ADAPTER/);
      vi.stubEnv('BSNN_ADAPTER', '');
      await expect(openDevice({ adapter: 'nonsense' })).rejects.toEqual(noAdapter);
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

describe('what an adapter is taken for', () => {
  const wrong = expect.objectContaining({ name: 'OptionError', code: 'assume', exitCode: 2 });

  it('nothing but hardware, by option or environment', async () => {
    await expect(openDevice({ assume: 'a toaster' as 'hardware' })).rejects.toEqual(wrong);
    vi.stubEnv('BSNN_ASSUME', 'a toaster');
    try {
      await expect(openDevice()).rejects.toEqual(wrong);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it.skipIf(!shared?.capabilities.software)(
    'a software driver has a card’s kernels and choices then, and timings of its own',
    async () => {
      vi.stubEnv('BSNN_ASSUME', 'hardware');
      const [card, empty] = await Promise.all([openDevice(), openDevice({ assume: '' as 'hardware' })]);
      vi.unstubAllEnvs();
      const { capabilities, description } = shared!;
      expect(card.capabilities).toEqual({ ...capabilities, software: false });
      expect(card.broadcast).toBe(false);
      expect(card.description).toEqual({ ...description, driver: `${description.driver}, as hardware` });
      expect(empty.capabilities).toEqual(capabilities);
      card.dispose();
      empty.dispose();
    },
  );
});

describe('names of adapters', () => {
  const info = { vendor: '', architecture: '', device: '', description: '', isFallbackAdapter: false };
  const named = (more: Partial<typeof info>) => describeAdapter({ info: { ...info, ...more } as unknown as GPUAdapterInfo });

  it('a card is its device, not its vendor’s driver', () => {
    const card = { vendor: 'nvidia', device: 'nvidia-h100-80gb-hbm3', description: 'NVIDIA: 535.54.03 535.54.3.0' };
    expect(named(card)).toEqual({ adapter: 'nvidia-h100-80gb-hbm3', driver: '535.54.03 535.54.3.0', software: false });
    const amd = { vendor: 'amd', device: 'amd-radeon-rx-7900-xtx-radv-navi31-', description: 'radv: Mesa 25.0.7' };
    expect(named(amd)).toEqual({ adapter: 'amd-radeon-rx-7900-xtx-radv-navi31', driver: 'Mesa 25.0.7', software: false });
  });

  it('a number is no name; a software driver is what it calls itself', () => {
    expect(named({ vendor: 'intel', device: '0x56a0', description: 'Intel: 31.0' }).adapter).toBe('Intel');
    expect(named({ vendor: 'apple', architecture: 'metal-3' }).adapter).toBe('apple metal-3');
    const llvmpipe = { vendor: 'mesa', device: 'llvmpipe-llvm-15-0-6-256-bits-', description: 'llvmpipe: Mesa 25.0.7' };
    expect(named(llvmpipe)).toEqual({ adapter: 'llvmpipe', driver: 'Mesa 25.0.7', software: true });
  });
});

describeOnDevice('an open device', () => {
  let device: Device;
  beforeAll(async () => {
    device = await openDevice();
  });
  afterAll(() => device.dispose());

  it('says what it is', () => {
    expect(device.description.adapter).not.toBe('');
    expect(device.description.driver).not.toBe('');
    expect(typeof device.description.software).toBe('boolean');
  });

  it('asks for the limits the adapter has', () => {
    expect(device.limits.maxStorageBufferBindingSize).toBe(device.adapter.limits.maxStorageBufferBindingSize);
    expect(device.limits.maxBufferSize).toBe(device.adapter.limits.maxBufferSize);
  });

  it('a validation error within guard is named, and does not come again', async () => {
    const error = await rejection(
      device.guard('the trial', () => {
        device.handle.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE });
      }),
    );
    expect(error).toMatchObject({ code: 'validation', where: 'the trial' });
    device.check();
    await expect(device.guard('the next', () => 7)).resolves.toBe(7);
  });

  it('work at the same time: each has its own errors', async () => {
    const later = () => new Promise((resolve) => setTimeout(resolve, 5));
    const wrong = async () => {
      device.handle.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE });
      await later();
    };
    const sound = () => Promise.resolve();
    const works = [sound, wrong, sound, wrong, sound].map((work, i) => device.guard(`work ${i}`, work));
    const ends = await Promise.allSettled(works);
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled']);
    expect(await rejection(works[3])).toMatchObject({ code: 'validation', where: 'work 3' });
    device.check();
  });

  it('what the work itself throws comes through, a DeviceError before the validation errors around it', async () => {
    await expect(device.guard('work', () => Promise.reject(new RangeError('its own')))).rejects.toThrow(RangeError);
    const own = new DeviceError('self-test', 'here', 'its own', '');
    const both = device.guard('work', () => {
      device.handle.createBuffer({ size: 16, usage: 0 });
      throw own;
    });
    expect(await rejection(both)).toBe(own);
    device.check();
  });

  it('a validation error outside guard is thrown by the next check, once', async () => {
    device.handle.createBuffer({ label: 'wrong', size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE });
    expect(await rejection(device.finish())).toMatchObject({ code: 'validation', where: device.description.adapter });
    device.check();
  });

  it('a shader that does not compile names kernel, reason and line', async () => {
    const code = 'fn helper() {}\n@compute @workgroup_size(1)\nfn broken() { let x: u32 = 1.5; }';
    const source = { name: 'broken', code, bindings: [] };
    const error = await rejection(device.guard('set-up', () => compile(device, source)));
    expect(error.code).toBe('shader');
    expect(error.where).toContain('broken');
    expect(error.message).toContain('let x: u32 = 1.5');
  });

  it('an entry point that is missing is named too', async () => {
    const source = { name: 'absent', code: '@compute @workgroup_size(1)\nfn present() {}', bindings: [] };
    const error = await rejection(device.guard('set-up', () => compile(device, source)));
    expect(error.where).toContain('absent');
  });

  it('a kernel is compiled once a device, final text and constants', async () => {
    const once = (body: string) => ({
      name: 'once',
      code: `override size = 1u;\n@compute @workgroup_size(size)\nfn once() {${body}}`,
      bindings: [],
    });
    const first = await compile(device, once(''));
    expect(await compile(device, once(''))).toBe(first);
    expect(await compile(device, once(' '))).not.toBe(first);
    expect(await compile(device, once(''), { size: 2 })).not.toBe(first);
  });

  it('buffers count their bytes, rounded up to 16, until they are disposed', async () => {
    await device.guard('buffers', () => {
      const buffers = new Buffers(device);
      buffers.create('empty', 'storage', 0);
      buffers.create('odd', 'uniform', 17, new Uint8Array(16).fill(1));
      expect(buffers.bytes).toBe(16 + 32);
      buffers.dispose();
      buffers.dispose();
      expect(buffers.bytes).toBe(0);
    });
  });
});

describeOnDevice('the end of a device', () => {
  const network = residual();
  const pixels = randomPixels(network.input.shape, 200, 3);

  it('a lost device rejects what is under way and what comes after, by name, and nothing hangs', async () => {
    const device = await openDevice();
    const session = await Session.create(device, network, { batch: 16 });
    const running = rejection(session.classify(pixels));
    const waiting = rejection(session.classify(pixels));
    await new Promise((resolve) => setTimeout(resolve, 30));
    device.handle.destroy();
    expect((await running).code).toBe('device-lost');
    expect((await waiting).code).toBe('device-lost');
    expect((await rejection(session.classify(pixels))).code).toBe('device-lost');
    expect((await rejection(Session.create(device, network))).code).toBe('device-lost');
    session.dispose();
    device.dispose();
  });

  it('a disposed device rejects what is under way and what comes after; disposing twice does no harm', async () => {
    const device = await openDevice();
    const session = await Session.create(device, network, { batch: 16 });
    const running = rejection(session.classify(pixels));
    await new Promise((resolve) => setTimeout(resolve, 30));
    device.dispose();
    device.dispose();
    expect((await running).code).toBe('disposed');
    expect((await rejection(session.classify(pixels))).code).toBe('disposed');
    expect((await rejection(Session.create(device, network))).code).toBe('disposed');
    session.dispose();
    expect(() => device.check()).toThrow(/disposed/);
  });

  it('ten devices, one after another', async () => {
    for (let i = 0; i < 10; i++) {
      const device = await openDevice();
      const session = await Session.create(device, network, { batch: 2, waves: 1 });
      expect((await session.classify(pixels.subarray(0, pixels.length / 100))).images).toBe(2);
      session.dispose();
      device.dispose();
    }
  });
});

describeOnDevice('many devices', () => {
  it.skipIf(process.platform !== 'linux')('leave no threads and no files behind', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const held = () => readdirSync('/proc/self/task').length + readdirSync('/proc/self/fd').length;
    const rest = () => new Promise((resolve) => setTimeout(resolve, 100));
    const after: number[] = [];
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 6; i++) (await openDevice()).dispose();
      for (let i = 0; i < 3; i++) {
        await rest();
        collect();
      }
      after.push(held());
    }
    // six devices hold 36; the last of a round may still be there
    expect(after[1] - after[0]).toBeLessThanOrEqual(6);
  });
});
