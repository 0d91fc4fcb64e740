const LIMIT = 10_000;

/** `compute`, asked once for a text. It is asked each time for those that come after many others. */
export function remember<T>(compute: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined || known.has(text)) return found as T;
    const value = compute(text);
    if (known.size < LIMIT) known.set(text, value);
    return value;
  };
}
