/**
 * Work on many products at once, but not on all at the same time: a thousand dashboards are asked in turns, so that
 * neither sockets nor the dashboards' coordinator see them all in one moment.
 */

/** Products that are worked on at once. */
const AT_ONCE_MAX = 16;

/** The results of `work`, in the order of `items`. Rejects with the first failure. */
export async function inTurns<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results = new Array<R>(items.length);
  const left = [...items.entries()].reverse();
  const worker = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const [index, item] = next;
      results[index] = await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE_MAX, items.length) }, worker));
  return results;
}
