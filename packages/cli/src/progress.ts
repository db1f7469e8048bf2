import { closeSync, openSync, writeSync } from 'node:fs';

/** Tells the link step, whose own stderr cmd/go holds back, that the user sits at a terminal. */
export const TERMINAL_VARIABLE = 'GO_WASM_TERMINAL';

/** Whether progress is for anybody to see: a terminal, and no CI that only looks like one. */
export function watched(stream: { isTTY?: boolean } = process.stderr, env: NodeJS.ProcessEnv = process.env): boolean {
  return stream.isTTY === true && !env.CI && env.TERM !== 'dumb';
}

export interface Progress {
  /** To be called as work is done; the first second passes in silence. */
  update(done: number, total: number): void;
  /** Removes the line. */
  end(): void;
}

/**
 * One line on the terminal that shows how far a link is. The pipeline works in one go, without a turn of the event loop
 * in which a timer could fire, so the line is drawn from within, ten times a second.
 */
export function terminalProgress(what: string): Progress {
  const start = performance.now();
  let drawn = 0;
  let fd: number | undefined;
  return {
    update(done, total) {
      const now = performance.now();
      if (now - start < 1000 || now - drawn < 100) return;
      drawn = now;
      try {
        fd ??= openSync(process.platform === 'win32' ? '\\\\.\\CONOUT$' : '/dev/tty', 'w');
        writeSync(fd, `\r\x1b[Kgo-wasm: ${what} ${done}/${total} functions`);
      } catch {
        // No terminal after all: nothing to show.
      }
    },
    end() {
      if (fd === undefined) return;
      writeSync(fd, '\r\x1b[K');
      closeSync(fd);
      fd = undefined;
    },
  };
}
