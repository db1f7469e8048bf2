import { bytesOf, MalformedError, type Module } from '@go-wasm/wasm';

/** How many bytes of zeros between data segments an image has at most: so that a small file cannot ask for much memory. */
const HOLES = 1 << 28;

/**
 * The linear memory as it is right after instantiation, from address 0 to the end of the last active data segment. Go's
 * linker cuts its data sections at runs of zeros (cmd/link/internal/wasm/asm.go, writeDataSec); here they are whole again.
 * An image stops where more than `HOLES` bytes would be zeros: Go's own tables come before the program's variables.
 */
export function memoryImage(module: Module): Uint8Array {
  const size = (module.memories[0]?.min ?? 0) * 65_536;
  let end = 0;
  let holes = 0;
  const segments: { offset: number; bytes: Uint8Array }[] = [];
  for (const segment of module.data) {
    if (typeof segment.offset !== 'number') continue;
    const bytes = bytesOf(module, segment.bytes);
    const offset = segment.offset >>> 0;
    if (offset + bytes.length > size) {
      throw new MalformedError('GW1101', `a data segment ends at ${offset + bytes.length}, outside of the memory`, {
        where: { offset: segment.bytes instanceof Uint8Array ? undefined : segment.bytes.start },
      });
    }
    holes += Math.max(0, offset - end);
    if (holes > HOLES) break;
    segments.push({ offset, bytes });
    end = Math.max(end, offset + bytes.length);
  }
  const image = new Uint8Array(end);
  for (const { offset, bytes } of segments) image.set(bytes, offset);
  return image;
}
