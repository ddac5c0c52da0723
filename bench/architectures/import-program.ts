/** What importing one file takes in a process of its own: FILE in argv; prints an `ImportCost` as JSON. */
import { existsSync, readFileSync } from 'node:fs';
import { importOnnx } from '../../src/onnx/import.ts';

const STATUS = '/proc/self/status';

/** Bytes of resident memory at their highest. On Linux `maxRSS` begins with what the parent had, since exec keeps it. */
function peakBytes(): number {
  const status = existsSync(STATUS) ? readFileSync(STATUS, 'utf8') : '';
  const [, kibibytes = process.resourceUsage().maxRSS] = /^VmHWM:\s+(\d+) kB/m.exec(status) ?? [];
  return Number(kibibytes) * 1024;
}

const [, , file] = process.argv;
const rss = process.memoryUsage.rss();
const cpu = process.cpuUsage();
await importOnnx(file);
const { user, system } = process.cpuUsage(cpu);
console.log(JSON.stringify({ seconds: (user + system) / 1e6, bytes: peakBytes() - rss }));
