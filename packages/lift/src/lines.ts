/**
 * Go's own line tables (cmd/internal/obj/pcln.go): of each PC, the file and the line of the innermost inlined call.
 *
 * A PC counts calls, inlining boundaries and little else, so a line is that of the call before the next PC, which is what
 * tracebacks show: they look up the return PC less one.
 */
import { fileOffsetOf, findModuleData, findTable, type Pclntab, readPcValues, textAt } from './pclntab.ts';
import type { GoProgram } from './program.ts';

/** Lines by rising PC_B: arrays of the same length. */
export interface Lines {
  /** Up to which PC_B (exclusive) a line holds. */
  end: number[];
  /** Its file: index in {@link LineTable.files}. */
  file: number[];
  line: number[];
}

/** A call that the compiler has put the called function's code in place of. */
export interface InlinedCall {
  /** The function that was called. */
  name: string;
  /** The line on which that begins. */
  line: number;
  /** The PC_B of the call: it may be in the code of another inlined call. */
  parent: number;
}

/** Which inlined call code belongs to, by rising PC_B: arrays of the same length, and the calls. */
export interface Inlining {
  /** Up to which PC_B (exclusive) it holds. */
  end: number[];
  /** The innermost call (index in `calls`), or −1 for none. */
  call: number[];
  calls: Map<number, InlinedCall>;
}

/** Files, lines and inlined calls of a program's PCs. */
export class LineTable {
  /** Names of files, as the compiler wrote them: absolute, or by module with `-trimpath`. */
  readonly files: string[] = [];
  readonly #image: Uint8Array;
  readonly #table: Pclntab | undefined;
  readonly #release: number;
  /** Address that offsets of functions' data count from (`moduledata.gofunc`); 0 if it is not found. */
  #functionData: number | undefined;
  /** Index among the defined functions → address of its `_func`. */
  readonly #func: Map<number, number> = new Map();
  /** Offset in the table of file names → index in `files`. */
  readonly #fileIndex: Map<number, number> = new Map();

  constructor(program: GoProgram) {
    this.#image = program.image;
    this.#release = Number(/\bgo1\.(\d+)/.exec(program.goVersion)![1]);
    this.#table = findTable(this.#image, program.functions);
    for (const { index, func } of this.#table?.functions ?? []) this.#func.set(index, func);
  }

  /** The lines of function `f` (index among the defined functions); empty if Go has none for it. */
  of(f: number): Lines {
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

  /** The line on which function `f` begins; 0 if that is not known. */
  start(f: number): number {
    const func = this.#func.get(f);
    return func === undefined ? 0 : this.#table!.view.getInt32(func + 36, true);
  }

  /** What is inlined into function `f` (runtime/symtabinl.go); undefined for nothing. */
  inlining(f: number): Inlining | undefined {
    const func = this.#func.get(f);
    const table = this.#table;
    if (func === undefined || table === undefined) return undefined;
    const { view, names, pcs } = table;
    const pcData = view.getUint32(func + 28, true);
    const offsets = func + FUNC_SIZE + 4 * pcData;
    const ofFunction = view.getUint8(func + 43);
    if (pcData <= PCDATA_INL_TREE_INDEX || ofFunction <= FUNCDATA_INL_TREE) return undefined;
    if (offsets + 4 * ofFunction > view.byteLength) return undefined;
    const indices = view.getUint32(func + FUNC_SIZE + 4 * PCDATA_INL_TREE_INDEX, true);
    const offset = view.getUint32(offsets + 4 * FUNCDATA_INL_TREE, true);
    this.#functionData ??= functionData(table, this.#release);
    if (indices === 0 || offset === NONE || this.#functionData === 0) return undefined;
    const tree = this.#functionData + offset;
    const result: Inlining = { end: [], call: [], calls: new Map() };
    readPcValues(this.#image, pcs + indices, (value, pc) => {
      const at = tree + INLINED_CALL_SIZE * value;
      const call = value < 0 || at + INLINED_CALL_SIZE > view.byteLength ? -1 : value;
      result.end.push(pc);
      result.call.push(call);
      if (call < 0 || result.calls.has(call)) return;
      const name = textAt(this.#image, names + view.getInt32(at + 4, true));
      result.calls.set(call, { name, parent: view.getInt32(at + 8, true), line: view.getInt32(at + 12, true) });
    });
    return result.calls.size === 0 ? undefined : result;
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

// runtime/runtime2.go, _func; runtime/symtabinl.go, inlinedCall; internal/abi/symtab.go.
const FUNC_SIZE = 44;
const INLINED_CALL_SIZE = 16;
const PCDATA_INL_TREE_INDEX = 2;
const FUNCDATA_INL_TREE = 3;
const NONE = 0xffffffff;

/** The address in `moduledata.gofunc` (runtime/symtab.go); 0 for none. */
function functionData(table: Pclntab, release: number): number {
  const words = release >= 27 ? 43 : 40;
  const address = findModuleData(table)?.(words) ?? 0;
  return address < table.view.byteLength ? address : 0;
}
