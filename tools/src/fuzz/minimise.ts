/** Makes failing inputs small: parts are taken out while the failure stays the same. */
import { decodeModule, encodeModule, type Module } from '@go-wasm/wasm';

const NO_CODE = Uint8Array.of(0x00, 0x00, 0x0b); // no locals, unreachable, end

/**
 * The smallest list that is found with `fails`: parts are taken out, halves first, then quarters and so on.
 *
 * @param patience milliseconds; what has been found by then is returned.
 */
export async function fewest<T>(
  list: readonly T[],
  fails: (list: readonly T[]) => Promise<boolean>,
  patience = 60_000,
): Promise<T[]> {
  const end = performance.now() + patience;
  let best = [...list];
  for (
    let size = Math.ceil(best.length / 2);
    size >= 1 && best.length > 0;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = 0; at < best.length && performance.now() < end; ) {
      const without = [...best.slice(0, at), ...best.slice(at + size)];
      if (await fails(without)) best = without;
      else at += size;
    }
  }
  return best;
}

/** A file that fails in the same way with less in it. */
export async function smallest(bytes: Uint8Array, fails: (bytes: Uint8Array) => Promise<boolean>): Promise<Uint8Array> {
  let best = bytes;
  let module: Module | undefined;
  try {
    module = decodeModule(bytes);
  } catch {
    // Only as bytes, below.
  }
  if (module !== undefined) {
    const { bodies, data, customs } = module;
    const rebuilt = (part: Partial<Module>): Uint8Array => encodeModule({ ...module!, ...part });
    const attempt = async (part: (kept: ReadonlySet<unknown>) => Partial<Module>, list: readonly unknown[]) => {
      const kept = new Set(await fewest(list, (some) => fails(rebuilt(part(new Set(some))))));
      const candidate = rebuilt(part(kept));
      if (await fails(candidate)) {
        best = candidate;
        Object.assign(module!, part(kept));
      }
    };
    await attempt((kept) => ({ customs: customs.filter((c) => kept.has(c)) }), customs);
    await attempt((kept) => ({ bodies: bodies.map((b) => (kept.has(b) ? b : NO_CODE)) }), bodies);
    await attempt((kept) => ({ data: data.map((d) => (kept.has(d) ? d : { ...d, bytes: new Uint8Array() })) }), data);
  }
  if (best.length > 20_000) return best;
  return Uint8Array.from(await fewest([...best], (some) => fails(Uint8Array.from(some)), 20_000));
}
