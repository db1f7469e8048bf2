/**
 * Instructions of lifted code that WebAssembly does not have: what Go's calling convention means, free of how it is
 * spelled. Their ids lie above all opcodes, so that both live in the same `Code`. In lifted code local 1 is SP and
 * always current; the SP global does not occur. A call pushes its return PC, and a return pops it: SP is the same in front of a
 * call and behind it, apart from that the stack may have moved.
 *
 * | instruction   | a                    | b           | meaning                                                              |
 * |---------------|----------------------|-------------|----------------------------------------------------------------------|
 * | Call          | callee or INDIRECT   | return PC_B | call; if the wasm stack unwinds, unwind as well                      |
 * | CallNoResume  | callee               | return PC_B | call; trap if the wasm stack unwinds                                 |
 * | CallFlag      | callee or INDIRECT   | return PC_B | call; leaves 0 on the operand stack, or 1 if the wasm stack unwinds  |
 * | TailCall      | callee or INDIRECT   | 0           | call, and return or unwind as the callee does                        |
 * | CallRaw       | callee               | 0           | call of an import or a helper that does not follow Go's convention   |
 * | Return        | 0                    | 0           | return to the caller                                                 |
 * | Unwind        | 0                    | 0           | start to unwind the wasm stack                                       |
 *
 * Where a function has been split, it and its parts have these besides. A part is entered with SP as it is, and at PC_B like the function itself. It
 * has exits, 1 to {@link MAX_EXITS}, by which it leaves for blocks that are not its own; locals that live on are kept in slots meanwhile.
 *
 * | instruction   | a                    | b           | meaning                                                              |
 * |---------------|----------------------|-------------|----------------------------------------------------------------------|
 * | KeepLocal     | local                | slot        | keep a local                                                         |
 * | TakeLocal     | local                | slot        | set a local to what has been kept                                    |
 * | StartPart     | 0                    | 0           | what follows enters a part at its first block                        |
 * | CallPart      | index of the part    | its exits   | enter it; return or unwind if it does                                |
 * | IsExit        | exit                 | 0           | push whether the part has been left by that exit                     |
 * | EndPart       | exit                 | 0           | the part has been left by that exit: SP is where it has it           |
 * | ExitPart      | exit                 | 0           | leave by an exit                                                     |
 *
 * The return PC_B of CallFlag is −1 where nothing is pushed: the callee then pops the return PC of the function itself.
 * Callees are function indices of the module, imports included. INDIRECT takes the table index from the operand stack.
 * Source: cmd/internal/obj/wasm/wasmobj.go.
 */
export const GoOp = {
  Call: 0x1000,
  CallNoResume: 0x1001,
  CallFlag: 0x1002,
  TailCall: 0x1003,
  CallRaw: 0x1004,
  Return: 0x1005,
  Unwind: 0x1006,
  KeepLocal: 0x1007,
  TakeLocal: 0x1008,
  StartPart: 0x1009,
  CallPart: 0x100a,
  IsExit: 0x100b,
  EndPart: 0x100c,
  ExitPart: 0x100d,
} as const;

/** How many exits a part of a function can have: the exit's number goes where SP has zeros. */
export const MAX_EXITS = 7;

/** In place of a callee: the table index is on the operand stack. */
export const INDIRECT = -1;

/** The names of the instructions, by id. */
export const goOpNames: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(GoOp).map(([name, id]) => [id, `go.${name[0]!.toLowerCase()}${name.slice(1)}`]),
);

/** The locals that every Go function has, and the globals that stand for registers. */
export const PC_B_LOCAL = 0;
/** The local that holds SP, in lifted code. */
export const SP_LOCAL = 1;
/** The global that is SP in Go's modules. */
export const SP_GLOBAL = 0;

/** PC_F of the first function that the module defines (cmd/link/internal/wasm/asm.go, funcValueOffset). */
export const FUNC_VALUE_OFFSET = 0x1000;
