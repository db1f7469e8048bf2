/** Round trip of what the Go linker writes, which is what this codec is for. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { WASI } from 'node:wasi';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeModule, encodeModule, importCount, type Module, readNames, readProducers } from '../src/index.ts';
import { recode } from './recode.ts';

const program = `package main

import ("errors"; "fmt"; "math"; "sort"; "strings")

type shape interface{ area() float64 }
type circle struct{ r float64 }
type square struct{ a float32 }
func (c circle) area() float64 { return math.Pi * c.r * c.r }
func (s square) area() float64 { return float64(s.a * s.a) }

func divide(a, b int64) (q int64, err error) {
	defer func() {
		if r := recover(); r != nil { err = errors.Join(errors.New("recovered"), fmt.Errorf("%v", r)) }
	}()
	return a / b, nil
}

func main() {
	results := make(chan string)
	for i := 0; i < 4; i++ {
		go func() { results <- fmt.Sprintf("%d:%x", i, uint64(i)*0xdeadbeefcafebabe) }()
	}
	var all []string
	for i := 0; i < 4; i++ { all = append(all, <-results) }
	sort.Strings(all)
	fmt.Println(strings.Join(all, " "))
	for _, s := range []shape{circle{2}, square{1.5}} { fmt.Printf("%T %.3f\\n", s, s.area()) }
	fmt.Println(divide(7, 0))
	fmt.Println(divide(math.MinInt64, -1))
	fmt.Println(math.Float64bits(math.Inf(-1)), int32(math.Float32frombits(0x7fc00000)) == 0, uint8(math.Sqrt(4e4)))
}
`;

let folder: string;
const modules: Record<string, Uint8Array> = {};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'go-wasm-codec-'));
  writeFileSync(join(folder, 'main.go'), program);
  for (const goos of ['js', 'wasip1']) {
    const out = join(folder, `${goos}.wasm`);
    const env = { ...process.env, GOOS: goos, GOARCH: 'wasm', GOFLAGS: '', GO111MODULE: 'off' };
    execFileSync('go', ['build', '-o', out, join(folder, 'main.go')], { env, cwd: folder });
    modules[goos] = readFileSync(out);
  }
}, 300_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Positions in the input differ between a module and its copy. */
function withoutPositions(module: Module): unknown {
  const { bytes, bodies, data, ...rest } = module;
  const content = (b: (typeof bodies)[number]): string =>
    Buffer.from(b instanceof Uint8Array ? b : bytes.subarray(b.start, b.end)).toString('latin1');
  return { ...rest, bodies: bodies.map(content), data: data.map((d) => ({ ...d, bytes: content(d.bytes) })) };
}

test.each(['js', 'wasip1'])('%s', (goos) => {
  const input = modules[goos]!;
  const module = decodeModule(input);
  expect(module.bodies.length).toBeGreaterThan(1000);
  expect(module.customs.map((c) => c.name)).toEqual(['go:buildid', 'producers', 'name']);

  const copy = decodeModule(encodeModule(module));
  expect(isDeepStrictEqual(withoutPositions(copy), withoutPositions(module))).toBe(true);

  // With all instructions decoded and encoded again: valid, never longer, and a fixed point.
  recode(module);
  const output = encodeModule(module);
  expect(WebAssembly.validate(output as BufferSource)).toBe(true);
  expect(output.length).toBeLessThanOrEqual(input.length);
  const again = decodeModule(output);
  expect(isDeepStrictEqual(withoutPositions(again), withoutPositions(module))).toBe(true);
  recode(again);
  expect(isDeepStrictEqual(encodeModule(again), output)).toBe(true);
});

test('names and producers', () => {
  const module = decodeModule(modules.js!);
  const names = readNames(module)!;
  // Go names what it defines.
  expect([...names.functions.keys()]).toEqual(module.functions.map((_, i) => importCount(module, 'func') + i));
  expect([...names.functions.values()]).toContain('main.divide');
  const language = readProducers(module)!.find((field) => field.name === 'language');
  expect(language?.values[0]).toMatchObject({ name: 'Go', version: expect.stringMatching(/^go1\./) });
});

test('the program behaves the same afterwards', async () => {
  const run = async (bytes: Uint8Array): Promise<string> => {
    const out = join(folder, 'out.txt');
    const fd = openSync(out, 'w');
    const wasi = new WASI({ version: 'preview1', stdout: fd, stderr: fd, returnOnExit: true });
    const { instance } = await WebAssembly.instantiate(
      bytes as BufferSource,
      wasi.getImportObject() as WebAssembly.Imports,
    );
    expect(wasi.start(instance)).toBe(0);
    closeSync(fd);
    return readFileSync(out, 'utf8');
  };
  const module = decodeModule(modules.wasip1!);
  recode(module);
  const output = await run(encodeModule(module));
  expect(output).toContain('main.circle 12.566');
  expect(output).toBe(await run(modules.wasip1!));
});
