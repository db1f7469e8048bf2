/**
 * Random programs in the shape that Go's assembler gives to functions, with a runtime of a few instructions (goroutines,
 * growing and moving stacks, panics that are recovered by deferred calls), and a host that decides at every turn what
 * happens: so that a program and what the linker makes of it can be run side by side.
 */
import fc from 'fast-check';

export type Statement =
  | { kind: 'trace' | 'slot' | 'label' | 'pc' | 'yield' | 'panic' | 'return' | 'indirect' | 'flag' | 'loop' }
  | { kind: 'jump' | 'branch' | 'call' | 'callIndirect' | 'tailCall' | 'callNoResume' | 'helper'; to: number }
  | { kind: 'nested'; leaf: boolean; otherwise: boolean };

export interface RandomFunction {
  frame: number;
  morestack: boolean;
  deferring: boolean;
  body: Statement[];
}

const plain = ['trace', 'slot', 'pc', 'yield', 'panic', 'return', 'flag', 'loop'] as const;
const statement: fc.Arbitrary<Statement> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...plain).map((kind): Statement => ({ kind })) },
  { weight: 6, arbitrary: fc.constant<Statement>({ kind: 'label' }) },
  { weight: 5, arbitrary: fc.nat(20).map((to): Statement => ({ kind: 'branch', to })) },
  {
    weight: 8,
    arbitrary: fc
      .tuple(fc.constantFrom('jump', 'call', 'call', 'callIndirect', 'tailCall', 'callNoResume', 'helper'), fc.nat(20))
      .map(([kind, to]) => ({ kind, to }) as Statement),
  },
  { weight: 2, arbitrary: fc.constant<Statement>({ kind: 'yield' }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('nested' as const), leaf: fc.boolean(), otherwise: fc.boolean() }),
  },
);

export const randomProgram: fc.Arbitrary<RandomFunction[]> = fc.array(
  fc.record({
    frame: fc.constantFrom(8, 16, 200, 4000),
    morestack: fc.boolean(),
    deferring: fc.nat(4).map((n) => n === 0),
    body: fc.array(statement, { maxLength: 24, size: 'max' }),
  }),
  { minLength: 1, maxLength: 6 },
);

/** What stands for Go's runtime. Its host half is {@link run}. */
const runtime = `
import trace (i32 i32)              ; id, SP
import decide () -> (i32)
import switch (i32) -> (i32)        ; SP of this goroutine → SP of the next one
import move (i32) -> (i32)          ; moves the stack: SP → SP
import defer (i32 i32)              ; SP, function
import undefer (i32)                ; SP
import recover () -> (i32)          ; SP at the deferreturn point, or that of the next goroutine, or 0
import exit () -> (i32)             ; SP of the next goroutine, or 0
raw wasm_pc_f_loop
  global.get 7
  i32.eqz
  if
  loop
  global.get 0
  i32.const 8
  i32.sub
  i32.load16_u
  global.get 0
  i32.const 8
  i32.sub
  i32.load offset=2
  call_indirect 0
  drop
  global.get 7
  i32.eqz
  br_if 0
  end
  end
  end
raw run (i32 i64)
  local.get 0
  global.set 0
  local.get 1
  global.set 2
  call wasm_pc_f_loop
  end
raw main.move                       ; changes SP, as a callback can
  global.get 0
  call move
  global.set 0
  end
raw main.twice (i32) -> (i32)       ; leaves SP alone
  local.get 0
  local.get 0
  i32.add
  end
func runtime.execute                ; says where the real stack guard is
  GETSP
  GETSP
  i64.load
  i64.const 928
  i64.add
  i64.store offset=16
  RET
func runtime.morestack asm
  GETSP
  i32.const 8
  i32.add
  RAW move
  SETSP
  i32.const 1
  return
func runtime.morestack_noctxt asm
  JMP runtime.morestack
func runtime.yield asm
  RAW decide
  if
  GETSP
  i32.const 8
  i32.add
  RAW switch
  SETSP
  i32.const 1
  return
  end
  RET
func runtime.recovery asm
  RAW recover
  SETSP
  GETSP
  i32.eqz
  if
  i32.const 1
  global.set 7
  end
  i32.const 1
  return
func runtime.goexit1 asm
  RAW exit
  SETSP
  GETSP
  i32.eqz
  if
  i32.const 1
  global.set 7
  end
  i32.const 1
  return
func runtime.goexit asm
  PC
  CALL runtime.goexit1
  unreachable
func runtime.gopanic frame=8 morestack
  CALL runtime.recovery
  unreachable
func runtime.deferreturn
  GETSP
  i32.const 8
  i32.add
  RAW undefer
  RET
func main.leaf frame=8
  i32.const -1
  GETSP
  RAW trace
  RET
`;

/** The program as Go-like assembly. */
export function sourceOf(functions: readonly RandomFunction[]): string {
  return runtime + functions.map((f, k) => functionText(f, k, functions.length)).join('');
}

function functionText({ frame, morestack, deferring, body }: RandomFunction, k: number, functions: number): string {
  const lines: string[] = [];
  let ids = k * 1000;
  const trace = (): void => void lines.push(`i32.const ${ids++}`, 'GETSP', 'RAW trace');
  const labels = body.filter((s) => s.kind === 'label').length;
  let nextLabel = 0;
  if (deferring) lines.push('GETSP', `i32.const ${k}`, 'RAW defer');
  for (const s of body) {
    switch (s.kind) {
      case 'trace':
        trace();
        break;
      case 'slot':
        lines.push('GETSP', 'GETSP', 'i32.load offset=4', 'i32.const 1', 'i32.add', 'i32.store offset=4');
        lines.push('GETSP', 'i32.load offset=4', 'GETSP', 'RAW trace');
        break;
      case 'label':
        lines.push(`l${nextLabel++}:`);
        break;
      case 'pc':
        lines.push('PC');
        break;
      case 'jump':
        trace();
        if (labels > 0) lines.push(`JMP l${s.to % labels}`, 'RESUME');
        break;
      case 'branch':
        lines.push('RAW decide');
        lines.push(labels > 0 ? `JMPIF l${s.to % labels}` : 'drop');
        break;
      case 'call':
        trace();
        lines.push(`CALL main.f${s.to % functions}`);
        break;
      case 'callIndirect':
        trace();
        lines.push(`i64.const &main.f${s.to % functions}`, 'CALL');
        break;
      case 'tailCall':
        trace();
        if (!deferring) lines.push(`RET main.f${s.to % functions}`, 'RESUME');
        break;
      case 'callNoResume':
        lines.push('CALLNORESUME main.leaf');
        break;
      case 'helper':
        if (s.to % 2 === 0) lines.push('RAW main.move');
        else lines.push(`i32.const ${s.to}`, 'RAW main.twice', 'GETSP', 'RAW trace');
        break;
      case 'yield':
        lines.push('CALL runtime.yield');
        break;
      case 'panic':
        // What stands behind it is no continuation: as in Go, the next block of the file.
        lines.push('CALL runtime.gopanic');
        break;
      case 'return':
        if (deferring) lines.push('CALL runtime.deferreturn');
        lines.push('RET', 'RESUME');
        break;
      case 'flag':
        lines.push('CALLFLAG main.leaf', 'GETSP', 'RAW trace');
        break;
      case 'nested':
        lines.push('RAW decide', 'if');
        trace();
        if (s.leaf) lines.push('CALLNORESUME main.leaf');
        if (s.otherwise) {
          lines.push('else');
          trace();
        }
        lines.push('end');
        break;
      case 'loop':
        lines.push('block', 'loop', 'RAW decide', 'br_if 1', 'br 0', 'end', 'end');
        break;
    }
  }
  if (deferring) lines.push('defers:', 'CALL runtime.deferreturn');
  lines.push('RET');
  const flags = `frame=${frame}${morestack ? ' morestack' : ''}${deferring ? ' deferreturn=defers' : ''}`;
  return `func main.f${k} ${flags}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

const GOROUTINES = 3;
/** A run that has seen so many is ended: enough for stacks that do not fit into one segment of the strategy. */
const EVENTS = 250;
/** Where g is: stack.lo, stack.hi, stackguard0. */
const G = 64;
const STACK = 2 ** 20;
const REAL_GUARD = 928;
const FIRST_STACK = STACK;
/** Two stacks for each goroutine: one of them is free to be moved to. */
export const MEMORY_PAGES: number = (FIRST_STACK + 2 * GOROUTINES * STACK) / 2 ** 16;

interface Goroutine {
  /** End of its stack. */
  base: number;
  sp: number;
  /** Deferred calls: the function, and SP relative to the base. */
  deferred: { offset: number; pc: bigint }[];
}

/** What can be seen of a run: calls of the host with their arguments, and how it ended. */
export interface RandomRun {
  events: string[];
  end: string;
}

/**
 * Runs a program.
 *
 * @param bytes exports every function under its name.
 * @param functionOf the index of a function among the defined ones, by name.
 * @param deferReturn PC_B of the deferreturn points, by function of the program.
 * @param functions how many functions the program has.
 * @param seed of the decisions.
 */
export function run(
  bytes: Uint8Array,
  functionOf: (name: string) => number,
  deferReturn: readonly number[],
  functions: number,
  seed: number,
): RandomRun {
  const events: string[] = [];
  let state = seed >>> 0;
  const random = (n: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const event = (text: string): void => {
    if (events.length >= EVENTS) throw new Error('enough');
    events.push(text);
    // Now and then a stack is too small.
    if (random(8) === 0) memory.setUint32(G + 16, 0xffff_ffff, true);
  };
  const goroutines: Goroutine[] = [];
  let current: Goroutine;
  const setStack = (): void => {
    memory.setUint32(G, current.base - STACK, true);
    memory.setUint32(G + 8, current.base, true);
    memory.setUint32(G + 16, current.base - STACK + REAL_GUARD, true);
  };
  const next = (): number => {
    if (goroutines.length === 0) return 0;
    current = goroutines[random(goroutines.length)]!;
    setStack();
    return current.sp;
  };
  const exit = (): number => {
    event('exit');
    goroutines.splice(goroutines.indexOf(current), 1);
    return next();
  };
  const env = {
    trace: (id: number, sp: number) => event(`trace ${id} ${sp}`),
    decide: () => {
      const choice = random(2);
      event(`decide ${choice}`);
      return choice;
    },
    switch: (sp: number) => {
      event(`switch ${sp}`);
      current.sp = sp;
      return next();
    },
    move: (sp: number) => {
      event(`move ${sp}`);
      const size = current.base - sp;
      const to = (current.base / STACK) % 2 === 0 ? current.base - STACK : current.base + STACK;
      // With the return PC that lies right below SP.
      new Uint8Array(memory.buffer).copyWithin(to - size - 8, sp - 8, current.base);
      new Uint8Array(memory.buffer).fill(0xaa, sp - 8, current.base);
      current.base = to;
      setStack();
      return to - size;
    },
    defer: (sp: number, f: number) => {
      event(`defer ${sp} ${f}`);
      current.deferred.push({ offset: current.base - sp, pc: pcOf(`main.f${f}`) + BigInt(deferReturn[f]!) });
    },
    undefer: (sp: number) => {
      event(`undefer ${sp}`);
      if (current.deferred.at(-1)?.offset === current.base - sp) current.deferred.pop();
    },
    recover: () => {
      event('recover');
      const record = current.deferred.pop();
      if (record === undefined) return exit();
      const sp = current.base - record.offset;
      memory.setBigUint64(sp - 8, record.pc, true);
      return sp;
    },
    exit,
  };
  const pcOf = (name: string): bigint => BigInt(0x1000 + functionOf(name)) << 16n;
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes as BufferSource), { env });
  const exported = instance.exports as unknown as { mem: WebAssembly.Memory; run: (sp: number, g: bigint) => void };
  const memory = new DataView(exported.mem.buffer);
  for (let k = 0; k < GOROUTINES; k++) {
    const base = FIRST_STACK + (2 * k + 1) * STACK;
    const sp = base - 8;
    memory.setBigUint64(sp, pcOf('runtime.goexit') + 1n, true);
    memory.setBigUint64(sp - 8, pcOf(`main.f${k % functions}`), true);
    goroutines.push({ base, sp, deferred: [] });
  }
  let end = 'done';
  try {
    exported.run(next(), BigInt(G));
  } catch (error) {
    end = String(error);
  }
  return { events, end };
}
