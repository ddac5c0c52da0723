interface Disposable {
  readonly dispose: () => void;
}

/**
 * Opens what is needed together. Where one cannot be opened those before it are closed again.
 * @param open hands each one to `keep` as soon as it is there
 * @returns what `open` gives, and `dispose`, which closes all of it, the last one first
 */
export async function openTogether<T extends object>(
  open: (keep: <D extends Disposable>(one: D) => D) => Promise<T>,
): Promise<T & Disposable> {
  const opened: Disposable[] = [];
  const dispose = () => {
    for (const one of opened.reverse()) one.dispose();
  };
  try {
    const all = await open((one) => {
      opened.push(one);
      return one;
    });
    return { ...all, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}
