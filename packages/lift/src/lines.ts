/**
 * Go's own line tables (cmd/internal/obj/pcln.go): of each PC, the file and the line of the innermost inlined call.
 *
 * A PC counts calls, inlining boundaries and little else, so a line is that of the call before the next PC, which is what
 * tracebacks show: they look up the return PC less one.
 */
import { memoryImage } from './image.ts';
import { fileOffsetOf, findTable, type Pclntab, readPcValues, textAt } from './pclntab.ts';
import type { GoProgram } from './program.ts';

/** Files, lines and inlined calls of a program's PCs. */
export class LineTable {
  /** Names of files, as the compiler wrote them: absolute, or by module with `-trimpath`. */
  readonly files: string[] = [];
  readonly #image: Uint8Array;
  readonly #table: Pclntab | undefined;
  /** Index among the defined functions → address of its `_func`. */
  readonly #func: Map<number, number> = new Map();
  /** Offset in the table of file names → index in `files`. */
  readonly #fileIndex: Map<number, number> = new Map();

  constructor(program: GoProgram) {
    this.#image = memoryImage(program.module);
    this.#table = findTable(this.#image, program.functions);
    for (const { index, func } of this.#table?.functions ?? []) this.#func.set(index, func);
  }

  /**
   * The lines of function `f` (index among the defined functions), by rising PC_B; empty if Go has none for it.
   *
   * @returns arrays of the same length: up to which PC_B (exclusive) a line holds, its file (index in `files`), its number
   */
  of(f: number): { end: number[]; file: number[]; line: number[] } {
    const end: number[] = [];
    const file: number[] = [];
    const line: number[] = [];
    const func = this.#func.get(f);
    const table = this.#table;
    if (func === undefined || table === undefined) return { end, file, line };
    const { view, pcs } = table;
    const fileEnd: number[] = [];
    const fileOf: number[] = [];
    readPcValues(this.#image, pcs + view.getUint32(func + 20, true), (value, pc) => {
      fileEnd.push(pc);
      fileOf.push(this.#file(table, func, value));
    });
    let k = 0;
    readPcValues(this.#image, pcs + view.getUint32(func + 24, true), (value, pc) => {
      while (k < fileEnd.length) {
        end.push(Math.min(fileEnd[k]!, pc));
        file.push(fileOf[k]!);
        line.push(value);
        if (fileEnd[k]! > pc) break;
        k++;
        if (end.at(-1) === pc) break;
      }
    });
    return { end, file, line };
  }

  #file(table: Pclntab, func: number, value: number): number {
    const offset = fileOffsetOf(table, func, value);
    let index = this.#fileIndex.get(offset);
    if (index === undefined) {
      index = this.files.push(textAt(this.#image, table.files + offset)) - 1;
      this.#fileIndex.set(offset, index);
    }
    return index;
  }
}
