import { bytesOf, MalformedError, type Module } from '@go-wasm/wasm';

/**
 * The linear memory as it is right after instantiation, from address 0 to the end of the last active data segment. Go's
 * linker cuts its data sections at runs of zeros (cmd/link/internal/wasm/asm.go, writeDataSec); here they are whole again.
 */
export function memoryImage(module: Module): Uint8Array {
  let end = 0;
  const segments: { offset: number; bytes: Uint8Array }[] = [];
  for (const segment of module.data) {
    if (typeof segment.offset !== 'number') continue;
    const bytes = bytesOf(module, segment.bytes);
    const offset = segment.offset >>> 0;
    segments.push({ offset, bytes });
    end = Math.max(end, offset + bytes.length);
  }
  const pages = module.memories[0]?.min ?? 0;
  if (end > pages * 65_536) {
    throw new MalformedError('GW1101', `a data segment ends at ${end}, outside of the memory of ${pages} pages`);
  }
  const image = new Uint8Array(end);
  for (const { offset, bytes } of segments) image.set(bytes, offset);
  return image;
}
