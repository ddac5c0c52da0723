/** Colours that are told apart in the common kinds of colour blindness (Okabe and Ito). */
export const COLORS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#999999', '#000000'];
