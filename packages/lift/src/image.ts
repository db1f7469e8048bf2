import { copyBytes, type DataSegment, lengthOf, MalformedError, type Module } from '@go-wasm/wasm';

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
  const active: DataSegment[] = [];
  for (const segment of module.data) {
    if (typeof segment.offset !== 'number') continue;
    const offset = segment.offset >>> 0;
    const behind = offset + lengthOf(segment.bytes);
    if (behind > size) {
      throw new MalformedError('GW1101', `a data segment ends at ${behind}, outside of the memory`, {
        where: { offset: segment.bytes instanceof Uint8Array ? undefined : segment.bytes.start },
      });
    }
    holes += Math.max(0, offset - end);
    if (holes > HOLES) break;
    active.push(segment);
    end = Math.max(end, behind);
  }
  const image = new Uint8Array(end);
  for (const { offset, bytes } of active) {
    const at = (offset as number) >>> 0;
    if (bytes instanceof Uint8Array) image.set(bytes, at);
    else copyBytes(module.bytes, bytes.start, bytes.end, image, at);
  }
  return image;
}
