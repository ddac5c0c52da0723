/**
 * SHA-256 of a whole file, its own 64 digits taken as zeros. They stand in the header after `"sha256":"`: nowhere else, since within
 * other texts of it quotes have a backslash before them.
 */

/** What stands for the digest while it is worked out. */
export const NO_DIGEST = '0'.repeat(64);

const HEADER = 8;

/** The digest of a file whose header has `written` for it; null where it is not there. */
export async function digestOf(bytes: Uint8Array, headerText: string, written: string): Promise<string | null> {
  const at = placeOf(headerText, written);
  if (at === null) return null;
  const blank = Uint8Array.from(bytes);
  blank.set(new TextEncoder().encode(NO_DIGEST), at);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', blank));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Writes the digest into a file that has none yet, in place. */
export async function sign(bytes: Uint8Array, headerText: string): Promise<void> {
  const digest = await digestOf(bytes, headerText, NO_DIGEST);
  const at = placeOf(headerText, NO_DIGEST);
  if (digest !== null && at !== null) bytes.set(new TextEncoder().encode(digest), at);
}

/** Where in the file the digits begin. */
function placeOf(headerText: string, written: string): number | null {
  if (!/^[0-9a-f]{64}$/.test(written)) return null;
  const key = '"sha256":"';
  const found = headerText.indexOf(`${key}${written}"`);
  return found < 0 ? null : HEADER + new TextEncoder().encode(headerText.slice(0, found)).length + key.length;
}
