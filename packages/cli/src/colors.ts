import pc from 'picocolors';

/** Colours on terminals only: the library alone would write them to pipes, too, where `CI` is set. */
export function colorsOf(stream: NodeJS.WriteStream): ReturnType<typeof pc.createColors> {
  return pc.createColors(stream.isTTY === true && pc.isColorSupported);
}
