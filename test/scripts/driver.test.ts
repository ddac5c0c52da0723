import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { driverAdvice, driverAttempts, install, removeSource, tooOldAdvice } from '../../scripts/setup/driver.mjs';
import { folderTest } from '../data/temporary-folder.ts';

const linux = { platform: 'linux', isRoot: false, hasApt: true } as const;
const bookworm = { ...linux, id: 'debian', version: '12', codename: 'bookworm' } as const;
const plain = 'apt-get install -y --no-install-recommends libvulkan1 mesa-vulkan-drivers';

describe('driverAdvice', () => {
  it.each([
    ['Debian 13', { ...linux, id: 'debian', version: '13' }],
    ['Debian testing', { ...linux, id: 'debian' }],
    ['Ubuntu 24.04', { ...linux, id: 'ubuntu', version: '24.04' }],
    ['a derivative with apt', { ...linux, id: 'linuxmint', version: '22' }],
    ['apt without an os-release', linux],
  ])('%s: its own driver, through sudo', (_, machine) => {
    expect(driverAdvice(machine).commands).toEqual(['sudo apt-get update', `sudo ${plain}`]);
  });

  it('root needs no sudo', () => {
    expect(driverAdvice({ ...linux, id: 'ubuntu', version: '24.04', isRoot: true }).commands).toEqual(['apt-get update', plain]);
  });

  it('Debian 12: the backports, of the default mirror where none is known', () => {
    const { commands, text } = driverAdvice(bookworm);
    expect(commands).toEqual([
      "printf '%s\\n' 'Types: deb' 'URIs: http://deb.debian.org/debian' 'Suites: bookworm-backports' 'Components: main' " +
        "'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg' | sudo tee /etc/apt/sources.list.d/bsnn-backports.sources > /dev/null",
      'sudo apt-get update',
      'sudo apt-get install -y --no-install-recommends -t bookworm-backports libvulkan1 mesa-vulkan-drivers',
    ]);
    expect(text).toContain('bookworm-backports');
  });

  it('Debian 12 with backports configured: no file is written', () => {
    expect(driverAdvice({ ...bookworm, hasBackports: true }).commands).toHaveLength(2);
  });

  it.each([
    ['Fedora', { platform: 'linux', id: 'fedora', version: '43', isRoot: false, hasApt: false }, /^sudo dnf install /],
    ['Arch, as root', { platform: 'linux', id: 'arch', isRoot: true, hasApt: false }, /^pacman -S /],
  ])('%s: one command', (_, machine, command) => {
    expect(driverAdvice(machine).commands).toEqual([expect.stringMatching(command)]);
  });

  it.each([
    ['an unknown Linux', 'linux', /lavapipe/],
    ['macOS', 'darwin', /Metal/],
    ['Windows', 'win32', /driver/],
    ['another system', 'freebsd', /freebsd/],
  ])('%s: words, no command', (_, platform, words) => {
    const { commands, text } = driverAdvice({ platform, isRoot: false, hasApt: false });
    expect(commands).toEqual([]);
    expect(text).toMatch(words);
  });
});

describe('driverAttempts', () => {
  it('Debian 12: its own driver, then the backports of the machine’s mirror and keyring', () => {
    const machine = { ...bookworm, mirror: 'https://mirror.example/debian', signedBy: '/etc/apt/keyrings/d.gpg' };
    const [own, backports, ...more] = driverAttempts(machine);
    expect(more).toEqual([]);
    expect(own).toEqual({ from: 'the distribution', commands: ['apt-get update', plain] });
    expect(backports.from).toBe('bookworm-backports');
    expect(backports.writes).toBe('/etc/apt/sources.list.d/bsnn-backports.sources');
    expect(backports.commands[0]).toContain("'URIs: https://mirror.example/debian'");
    expect(backports.commands[0]).toContain("'Signed-By: /etc/apt/keyrings/d.gpg'");
  });

  it('Ubuntu and Debian testing have no backports to fall back on', () => {
    expect(driverAttempts({ ...linux, id: 'ubuntu', version: '22.04', codename: 'jammy' })).toHaveLength(1);
    expect(driverAttempts({ ...linux, id: 'debian', codename: 'forky' })).toHaveLength(1);
  });

  it('an NVIDIA machine without a loader gets the loader first', () => {
    const [first] = driverAttempts({ ...bookworm, hasNvidia: true });
    expect(first.commands[1]).toBe('apt-get install -y --no-install-recommends libvulkan1');
  });
});

describe('install', () => {
  it('stops at the command that fails and hands its output back', () => {
    const failure = install({ from: 'a test', commands: ['true', 'echo no such package; exit 100', 'echo not reached'] });
    expect(failure).toBe('echo no such package; exit 100\nno such package');
  });

  it('says nothing where all went well', () => {
    expect(install({ from: 'a test', commands: ['true'] })).toBe('');
  });
});

describe('removeSource', () => {
  const FILE = 'etc/apt/sources.list.d/bsnn-backports.sources';
  const written = (root: string) => {
    mkdirSync(join(root, dirname(FILE)), { recursive: true });
    for (const file of [FILE, join(dirname(FILE), 'debian.sources')]) writeFileSync(join(root, file), 'Types: deb\n');
  };

  folderTest('takes the source away that set-up writes, and nothing else', ({ folder }) => {
    written(folder);
    const { writes = '' } = driverAttempts(bookworm)[1];
    expect(join('/', FILE)).toBe(writes);
    expect(removeSource(folder)).toEqual({
      done: true,
      text: expect.stringMatching(/bsnn-backports\.sources is removed; .* apt-get purge /),
    });
    expect(readdirSync(join(folder, dirname(FILE)))).toEqual(['debian.sources']);
    expect(removeSource(folder)).toEqual({ done: true, text: expect.stringMatching(/^there is no .*bsnn-backports\.sources; /) });
  });

  folderTest('says what to run where it cannot', ({ folder }) => {
    // a folder of that name cannot be removed, whoever asks
    mkdirSync(join(folder, FILE), { recursive: true });
    expect(removeSource(folder)).toEqual({ done: false, text: expect.stringMatching(/cannot be removed \(\w+\); run: sudo rm /) });
  });
});

it('an old Ubuntu is told newer releases and a newer Mesa', () => {
  expect(tooOldAdvice({ id: 'ubuntu', version: '20.04' })).toMatch(
    /ubuntu 20\.04.*22\.04 with its updates or newer.*kisak-mesa.*VK_DRIVER_FILES/,
  );
});
