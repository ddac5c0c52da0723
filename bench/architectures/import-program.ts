/** What importing one file takes in a process of its own: FILE in argv; prints an `ImportCost` as JSON. */
import { importOnnx } from '../../src/onnx/import.ts';

const [, , file] = process.argv;
const rss = process.memoryUsage.rss();
const cpu = process.cpuUsage();
await importOnnx(file);
const { user, system } = process.cpuUsage(cpu);
console.log(JSON.stringify({ seconds: (user + system) / 1e6, bytes: process.resourceUsage().maxRSS * 1024 - rss }));
