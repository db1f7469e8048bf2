import { closeSync, openSync, writeSync } from 'node:fs';
import type { LinkReport } from '@go-wasm/linker';

/** Tells the link step, whose own stderr cmd/go holds back, that the user sits at a terminal. */
export const TERMINAL_VARIABLE = 'GO_WASM_TERMINAL';

/** Whether progress is for anybody to see: a terminal, and no CI that only looks like one. */
export function watched(stream: { isTTY?: boolean } = process.stderr, env: NodeJS.ProcessEnv = process.env): boolean {
  return stream.isTTY === true && !env.CI && env.TERM !== 'dumb';
}

/** Tells the link step to say how long each stage takes. */
export const VERBOSE_VARIABLE = 'GO_WASM_VERBOSE';

/** How long each stage of a link took, a line each. */
export function stageTimes({ stages }: Pick<LinkReport, 'stages'>): string {
  const total = stages.reduce((sum, { ms }) => sum + ms, 0);
  const width = Math.max(...stages.map(({ name }) => name.length), 'total'.length);
  return [...stages, { name: 'total', ms: total }]
    .map(({ name, ms }) => `${name.padEnd(width)}${ms.toFixed(0).padStart(8)} ms\n`)
    .join('');
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
 *
 * @param scale how many of what is counted make one `unit`.
 */
export function terminalProgress(what: string, unit = 'functions', scale = 1): Progress {
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
        const rate = (1000 * done) / (now - start);
        const [shown, of, perSecond] = [done, total, rate].map((n) => (n / scale).toFixed(0));
        const rest = done === 0 ? '' : `, ${perSecond}/s, ${Math.ceil((total - done) / rate)} s left`;
        writeSync(fd, `\r\x1b[Kgo-wasm: ${what} ${shown}/${of} ${unit}${rest}`);
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
