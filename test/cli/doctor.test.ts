import { afterAll, describe, expect, it } from 'vitest';
import type { Machine } from '../../scripts/setup/driver.mjs';
import { run } from '../../src/cli/program.ts';
import { formatDevice, formatSelfTest, withAdvice } from '../../src/cli/run-doctor.ts';
import { DeviceError, EXIT } from '../../src/errors.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { capturedTerminal } from './captured-terminal.ts';

afterAll(() => device?.dispose());

const debian: Machine = { platform: 'linux', id: 'debian', version: '13', isRoot: false, hasApt: true };
const none = new DeviceError('no-adapter', 'WebGPU', 'no adapter found', 'install a GPU driver');

describe('withAdvice', () => {
  it('says what to install', () => {
    const error = withAdvice(none, debian, {});
    expect(error.exitCode).toBe(EXIT.noAdapter);
    expect(error.message).toMatch(/^WebGPU: no adapter found; install .*: sudo apt-get update && sudo apt-get install/);
    expect(error.message).not.toContain('install a GPU driver');
  });

  it('gives a sentence where there is no command', () => {
    expect(withAdvice(none, { ...debian, platform: 'darwin', hasApt: false }, {}).message).toMatch(/no adapter found; macOS/);
  });

  it('says what hides the drivers, where a variable names others', () => {
    const { message } = withAdvice(none, debian, { VK_DRIVER_FILES: '/x.json' });
    expect(message).toBe('WebGPU: no adapter found; correct or unset VK_DRIVER_FILES=/x.json');
  });

  it('leaves the message alone where other adapters are there', () => {
    const listed = new DeviceError('no-adapter', 'WebGPU', "none fits\n * backend: 'vulkan', name: 'llvmpipe'", 'choose another');
    expect(withAdvice(listed, debian, {})).toBe(listed);
  });
});

it('formatSelfTest names each way and the forms that ran', () => {
  const variants = [
    { name: 'default', ran: ['registers packed', 'matrix'], difference: null },
    { name: 'f32', ran: ['registers f32'], difference: 'step 1' },
  ];
  const lines = formatSelfTest({ images: 5, waves: 2, layers: 7, variants }, false).split('\n');
  expect(lines.map((line) => line.trim().replace(/ +/g, ' '))).toEqual([
    'self-test 7 layers, 5 images, 2 waves against the reference',
    'default registers packed, matrix: equal',
    'f32 registers f32: DIFFERENT',
    '',
  ]);
});

describeOnDevice('bsnn doctor', () => {
  it('describes the device within 80 columns', () => {
    const text = formatDevice(device!, false);
    expect(text).toContain(device!.description.adapter);
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it('passes its self-test', async () => {
    const terminal = capturedTerminal();
    expect(await run(['doctor'], terminal)).toBe(EXIT.ok);
    expect(terminal.written.err).toBe('');
    expect(terminal.written.out).toMatch(/self-test .* against the reference\n/);
    if (device!.capabilities.software) {
      expect(terminal.written.out).toMatch(/ default +registers integers, deep halves, registers halves, depthwise:\s+equal\n/);
    }
    expect(terminal.written.out).not.toContain('DIFFERENT');
  });

  it('exits with 4 where no adapter has the name', async () => {
    const terminal = capturedTerminal();
    expect(await run(['doctor', '--adapter', 'no such GPU'], terminal)).toBe(EXIT.noAdapter);
    expect(terminal.written.err).toMatch(/^bsnn: WebGPU: /);
  });
});
