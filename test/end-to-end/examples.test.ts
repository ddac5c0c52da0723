import { expect, it, vi } from 'vitest';
import { describeOnDevice, device } from '../helpers/device.ts';

// Each example opens a device of its own.
device?.dispose();

describeOnDevice('examples', () => {
  it('classify.ts finds the digits', async () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    try {
      await import('../../examples/classify.ts');
      const lines = log.mock.calls.map(([line]) => String(line));
      expect(lines.length).toBe(8);
      const right = lines.filter((line) => /^image \d: a (\d), labelled \1$/.test(line));
      expect(right.length).toBeGreaterThanOrEqual(7);
    } finally {
      log.mockRestore();
    }
  });
});
