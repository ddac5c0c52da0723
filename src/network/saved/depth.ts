/** The most brackets of a JSON text that are open at once, strings left out; above `enough` they are not counted any further. */
export function depthOf(text: string, enough: number): number {
  let [depth, most, quoted] = [0, 0, false];
  for (let i = 0; i < text.length && most <= enough; i++) {
    const c = text[i];
    if (quoted) {
      if (c === '\\') i++;
      else if (c === '"') quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === '[' || c === '{') most = Math.max(most, ++depth);
    else if (c === ']' || c === '}') depth--;
  }
  return most;
}
