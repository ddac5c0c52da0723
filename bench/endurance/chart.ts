import type { Chart } from '../../src/plot/render.ts';
import type { Held } from './watch.ts';

const TITLES = { mebibytes: 'resident, MiB', heap: 'JavaScript, MiB', threads: 'threads', files: 'open files' } as const;

/** Memory, resident and JavaScript's own, threads and open files of each stage, over what was done of it. */
export function enduranceChart(samples: readonly Held[], title: string, subtitle: string): Chart {
  const stages = [...new Set(samples.map(({ stage }) => stage))];
  const panel = (stage: string, field: keyof typeof TITLES, last: boolean) => ({
    width: 230,
    height: 90,
    data: { values: samples.filter((sample) => sample.stage === stage) },
    mark: { type: 'line', strokeWidth: 1.5, color: '#0072b2' },
    encoding: {
      x: { field: 'done', type: 'quantitative', axis: { title: last ? stage : null, labels: last, grid: false, tickCount: 5 } },
      y: { field, type: 'quantitative', scale: { zero: true }, axis: { title: TITLES[field], tickCount: 4, minExtent: 34 } },
    },
  });
  const fields = Object.keys(TITLES) as (keyof typeof TITLES)[];
  return {
    title: { text: title, subtitle, anchor: 'start', offset: 12, fontSize: 13, subtitleFontSize: 11, subtitleColor: '#555' },
    background: 'white',
    padding: 8,
    spacing: 12,
    config: { view: { stroke: '#ccc' }, font: 'sans-serif', axis: { titleFontWeight: 'normal' } },
    vconcat: fields.map((field, i) => ({ hconcat: stages.map((stage) => panel(stage, field, i === fields.length - 1)) })),
  } as unknown as Chart;
}
