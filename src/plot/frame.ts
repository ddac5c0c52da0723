/** Colours that are told apart in the common kinds of colour blindness (Okabe and Ito). */
const COLORS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#999999', '#000000'];

/** What charts of several panels have around these. */
export const frame = ({ title, subtitle }: { readonly title: string; readonly subtitle: string }) => ({
  title: { text: title, subtitle, anchor: 'start', offset: 12, fontSize: 13, subtitleFontSize: 11, subtitleColor: '#555' },
  background: 'white',
  padding: 8,
  spacing: 12,
  config: { view: { stroke: '#ccc' }, font: 'sans-serif', axis: { titleFontWeight: 'normal' }, legend: { labelFontSize: 11 } },
});

/** A colour for each name of a field, and the legend of these below. */
export const colorBy = (field: string, names: readonly string[]) => ({
  field,
  type: 'nominal',
  scale: { domain: names, range: COLORS },
  legend: { title: null, orient: 'bottom' },
});
