/** What is read and lifted of modules that Go's linker wrote, for every supported release. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Exit } from '@go-wasm/cfg';
import { Code, decodeFunction, Op } from '@go-wasm/wasm';
import { describe, expect, test } from 'vitest';
import { releases } from '../../../tools/src/go.ts';
import { full } from '../../cfg/test/support/effort.ts';
import { build, goroot, otherReleases, scratchFolder, program as source } from '../../linker/test/helpers/go.ts';
import {
  ALWAYS,
  GoOp,
  type GoProgram,
  INDIRECT,
  type Lifted,
  liftProgram,
  printLifted,
  readProgram,
} from '../src/index.ts';
import { alwaysEntries, walkLifted, walkRaw } from './helpers/walk.ts';

const folder = await scratchFolder();
const installed = [...releases.filter((go) => goroot(go) === goroot()), ...otherReleases()];

async function built(name: string, goos: 'js' | 'wasip1', go: string, flags: string[] = []): Promise<Uint8Array> {
  const out = join(folder, `${name}.${goos}.${go}.${flags.length}.wasm`);
  await build(source(name), out, { goos, go, flags });
  return readFileSync(out);
}

test('the releases that are supported are all here', () => {
  // Tests of a release that cannot be had are not run.
  for (const go of releases) expect(goroot(go), go).toBeDefined();
});

describe.each(installed)('%s', (go) => {
  describe.each(['js', 'wasip1'] as const)('%s', (goos) => {
    let program: GoProgram;
    let lifted: Lifted;

    test('is known', { timeout: 300_000 }, async () => {
      const bytes = await built('panics', goos, go);
      program = readProgram(bytes);
      lifted = liftProgram(program);
      expect(program).toMatchObject({ goos, goVersion: go });
    });

    test('names, assembly and deferreturn points are the same without a name section', {
      timeout: 300_000,
    }, async () => {
      const stripped = readProgram(await built('panics', goos, go, ['-ldflags=-s']));
      expect(stripped.module.customs.map(({ name }) => name)).not.toContain('name');
      // Names of functions that Go's table does not have, as go:buildid, come from the name section only.
      const named = stripped.names.map((name, f) => (/^func\[\d+\]$/.test(name) ? program.names[f] : name));
      expect(named).toEqual(program.names);
      expect(stripped.names.filter((name) => name.startsWith('func['))).toHaveLength(
        stripped.names.filter((name, f) => name !== program.names[f]).length,
      );
      expect(stripped.isAssembly).toEqual(program.isAssembly);
      expect(stripped.deferReturn).toEqual(program.deferReturn);
      expect(stripped.frame).toEqual(program.frame);
      expect(stripped.isGo).toEqual(program.isGo);
    });

    test('the sizes of frames are what prologues subtract from SP', () => {
      const code = new Code();
      let frames = 0;
      for (let f = 0; f < program.functions; f++) {
        if (program.isGo[f] === 0 || program.isAssembly[f] === 1) continue;
        decodeFunction(program.module, f, code);
        const subtracted = new Set<number>();
        for (let i = 0; i + 1 < code.length; i++) {
          if (code.op[i] === Op.I32Const && code.op[i + 1] === Op.I32Sub) subtracted.add(code.a[i]!);
        }
        if (program.frame[f] === 0) continue;
        expect(subtracted, program.names[f]).toContain(program.frame[f]);
        frames++;
      }
      expect(frames).toBeGreaterThan(1000);
    });

    test('names agree with the name section', () => {
      for (const name of [
        'main.main',
        'main.try',
        'main.nested.func1',
        'runtime.goexit',
        'runtime.mcall',
        'memeqbody',
      ]) {
        expect(
          program.names.filter((other) => other === name),
          name,
        ).toHaveLength(1);
      }
    });

    test('assembly', () => {
      const isAssembly = (name: string): number => program.isAssembly[program.names.indexOf(name)]!;
      for (const name of [
        'runtime.goexit',
        'runtime.mcall',
        'runtime.gogo',
        'runtime.memmove',
        'runtime.systemstack',
      ]) {
        expect(isAssembly(name), name).toBe(1);
      }
      for (const name of ['main.main', 'runtime.mallocgc', 'runtime.goexit1', 'fmt.Fprintln']) {
        expect(isAssembly(name), name).toBe(0);
      }
      expect(program.isAssembly.reduce((x, y) => x + y)).toBeLessThan(120);
    });

    test('the functions that do not follow the convention are few and known', () => {
      const others = program.names.filter((_, f) => program.isGo[f] === 0);
      expect(others.length).toBeLessThan(30);
      for (const name of others) {
        expect(name).toMatch(
          /^(go:buildid|_rt0_wasm_\w+|wasm_\w+|(runtime\.)?gcWriteBarrier\d?|runtime\.(notInitialized|wasmDiv|wasmTrunc[SU])|cmpbody|memeqbody|memcmp|memchr)$/,
        );
      }
    });

    test('all functions are lifted', () => {
      for (let f = 0; f < program.functions; f++) {
        expect(lifted.isLifted(f), program.names[f]).toBe(program.isGo[f] === 1);
        expect(lifted.reason[f]).toBeUndefined();
      }
    });

    test('what is lifted is what the bytes say, on random ways from every entry', { timeout: 120_000 }, () => {
      for (let f = 0; f < program.functions; f++) {
        if (program.isGo[f] === 0) continue;
        const pcs = new Set([0, ...lifted.entryPc.subarray(lifted.funcEntry[f], lifted.funcEntry[f + 1])]);
        // A full run takes all entries, an ordinary one the first and every seventh.
        for (const [k, pc] of [...pcs].entries()) {
          if (!full && k > 0 && (f + k) % 7 !== 0) continue;
          const met = walkLifted(lifted, f, pc, f + pc);
          if (!same(met, walkRaw(program, lifted, f, pc, f + pc))) {
            expect(met, `${program.names[f]} at ${pc}`).toEqual(walkRaw(program, lifted, f, pc, f + pc));
          }
        }
      }
    });

    test('nothing but the spelling of the convention is left out', () => {
      const code = new Code();
      const left = new Set<number>([Op.Block, Op.Loop, Op.If, Op.End, Op.Br, Op.BrIf, Op.BrTable, Op.Unreachable]);
      for (const op of [Op.I32Const, Op.LocalGet, Op.LocalSet, Op.LocalTee, Op.GlobalGet, Op.GlobalSet, Op.Return])
        left.add(op);
      for (let f = 0; f < program.functions; f++) {
        if (program.isGo[f] === 0) continue;
        decodeFunction(program.module, f, code);
        const kept = new Set<number>();
        // A call pushes a return PC, and a return pops it.
        let [pushes, pops] = [0, 0];
        for (let b = lifted.funcBlock[f]!; b < lifted.funcBlock[f + 1]!; b++) {
          for (let i = lifted.blockStart[b]!; i < lifted.blockEnd[b]!; i++) {
            kept.add(lifted.code.offset[i]!);
            const o = lifted.code.op[i]!;
            if (o === GoOp.Return) pops++;
            else if (o === GoOp.Call || o === GoOp.CallNoResume || o === GoOp.CallFlag)
              pushes += lifted.code.b[i]! >= 0 ? 1 : 0;
          }
        }
        const omitted = new Map<number, number>([Op.I32Add, Op.I32Sub, Op.I64Const, Op.I64Store].map((op) => [op, 0]));
        for (let i = 0; i < code.length; i++) {
          const o = code.op[i]!;
          if (kept.has(code.offset[i]!)) continue;
          if (omitted.has(o)) omitted.set(o, omitted.get(o)! + 1);
          else if (!left.has(o)) expect.fail(`${program.names[f]}: ${o}`);
        }
        expect([...omitted.values()], program.names[f]).toEqual([pops, pushes, pushes, pushes]);
      }
    });

    test('entries: every return PC that is stored for a call that may unwind, and no other', () => {
      const code = new Code();
      for (let f = 0; f < program.functions; f++) {
        if (program.isGo[f] === 0) continue;
        decodeFunction(program.module, f, code);
        const { op, a, b } = code;
        const expected: number[] = [];
        let stored = -1;
        for (let i = 1; i < code.length; i++) {
          const pc = ((BigInt(b[i - 1]!) << 32n) | BigInt(a[i - 1]! >>> 0)) >> 16n;
          if (op[i] === Op.I64Store && op[i - 1] === Op.I64Const && a[i] === 0 && pc === BigInt(0x1000 + f)) {
            stored = a[i - 1]! & 0xffff;
          }
          const isCall = op[i] === Op.Call || op[i] === Op.CallIndirect;
          if (isCall && op[i + 3] === Op.BrIf) expected.push(stored);
        }
        const actual: number[] = [];
        for (let e = lifted.funcEntry[f]!; e < lifted.funcEntry[f + 1]!; e++) {
          if (lifted.entryCallee[e] !== ALWAYS) actual.push(lifted.entryPc[e]!);
        }
        expect(actual, program.names[f]).toEqual(expected);
      }
    });

    test('entries that the runtime makes use of by itself', () => {
      const entries = (name: string): number[] => alwaysEntries(lifted, program.names.indexOf(name));
      expect(entries('runtime.goexit')).toContain(1);
      expect(entries('runtime.mstart').length).toBeGreaterThan(0);
      expect(entries('main.named')).toEqual([program.deferReturn[program.names.indexOf('main.named')]]);
      expect(entries('main.index')).toEqual([]);
      let deferring = 0;
      for (let f = 0; f < program.functions; f++) {
        const pc = program.deferReturn[f]!;
        if (program.isGo[f] === 0 || program.isAssembly[f] === 1) continue;
        expect(alwaysEntries(lifted, f), program.names[f]).toEqual(pc > 0 ? [pc] : []);
        if (pc === 0) continue;
        deferring++;
        // What stands there is the call of deferreturn.
        let e = lifted.funcEntry[f]!;
        while (lifted.entryCallee[e] !== ALWAYS) e++;
        const block = lifted.entryBlock[e]!;
        const last = lifted.blockEnd[block]! - 1;
        expect(lifted.code.op[last]).toBe(GoOp.Call);
        expect(program.names[lifted.code.a[last]! - program.imports], program.names[f]).toBe('runtime.deferreturn');
      }
      expect(deferring).toBeGreaterThan(20);
    });

    test('calls', () => {
      const count = {
        [GoOp.Call]: 0,
        [GoOp.CallNoResume]: 0,
        [GoOp.CallFlag]: 0,
        [GoOp.TailCall]: 0,
        [GoOp.CallRaw]: 0,
      };
      let indirect = 0;
      for (let i = 0; i < lifted.code.length; i++) {
        const op = lifted.code.op[i]!;
        if (op in count) count[op as keyof typeof count]++;
        if (op === GoOp.Call && lifted.code.a[i] === INDIRECT) indirect++;
      }
      expect(count[GoOp.Call]).toBeGreaterThan(10_000);
      expect(indirect).toBeGreaterThan(100);
      expect(count[GoOp.CallNoResume]).toBeGreaterThan(3);
      expect(count[GoOp.TailCall]).toBeGreaterThan(3);
      expect(count[GoOp.CallRaw]).toBeGreaterThan(500);
      for (let b = 0; b < lifted.blocks; b++) {
        if (lifted.exit[b] === Exit.Leave) continue;
        expect(lifted.target[b]).toBeGreaterThanOrEqual(0);
        expect(lifted.target[b]).toBeLessThan(lifted.blocks);
      }
    });

    test('keep leaves functions as they are', () => {
      const some = liftProgram(program, {
        keep: (name) => (/^main\.(main|index)$/.test(name) ? 'asked for' : undefined),
      });
      const kept = program.names.filter((_, f) => program.isGo[f] === 1 && !some.isLifted(f));
      expect(kept.sort()).toEqual(['main.index', 'main.main']);
      expect(some.reason[program.names.indexOf('main.index')]).toBe('asked for');
    });
  });
});

describe('go1.26.8', () => {
  test.skipIf(goroot('go1.26.8') === undefined)('lifted functions as text', { timeout: 300_000 }, async () => {
    const program = readProgram(await built('panics', 'js', 'go1.26.8'));
    const lifted = liftProgram(program);
    const text = ['main.index', 'runtime.goexit', 'runtime.gogo', 'main.shift']
      .map((name) => printLifted(program, lifted, program.names.indexOf(name)))
      .join('\n')
      // Addresses of data, and numbers of functions, change with anything.
      .replace(
        /(i64\.const) (\d{6,})/g,
        (_, op, n) => `${op} ${BigInt(n) >> 16n > 0x1000n ? `PC ${BigInt(n) & 0xffffn}` : '…'}`,
      );
    await expect(text).toMatchFileSnapshot('__snapshots__/go1.26.txt');
  });
});

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((x, k) => x === b[k]);
}
