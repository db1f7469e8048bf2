import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../src/errors.ts';
import { BOOLEAN_FLAGS, type GoCommand, parseGoArgs, parseGoflags, VALUE_FLAGS } from '../src/go-flags.ts';

/** What is seen of a command line: `build a b` → what go gets, and what go-wasm takes out. */
function parse(text: string): Record<string, unknown> {
  const [command, ...argv] = text.split(' ').map((word) => word.replaceAll('␣', ' '));
  const { chdir, options, args, flags, toolexec, help } = parseGoArgs(command as GoCommand, argv);
  return Object.fromEntries(
    Object.entries({
      args: args.join(' '),
      flags,
      chdir,
      toolexec: toolexec?.join('|'),
      options: Object.keys(options).length > 0 ? options : undefined,
      help: help || undefined,
    }).filter(([, value]) => value !== undefined),
  );
}

describe('command lines', () => {
  test.each<[string, Record<string, unknown>]>([
    ['build', { args: '', flags: 0 }],
    ['build -o app.wasm -v ./cmd/app', { args: '-o app.wasm -v ./cmd/app', flags: 3 }],
    ['build -switch=jump-table -v .', { args: '-v .', flags: 1, options: { switch: 'jump-table' } }],
    ['build --switch jump-table -v .', { args: '-v .', flags: 1, options: { switch: 'jump-table' } }],
    ['build -v -structure relooper .', { args: '-v .', flags: 1, options: { structure: 'relooper' } }],
    ['build -dwarf .', { args: '.', flags: 0, options: { dwarf: true } }],
    ['build -verify-each .', { args: '.', flags: 0, options: { 'verify-each': true } }],
    ['build -verify-each=false .', { args: '.', flags: 0, options: { 'verify-each': false } }],
    ['build -O0 .', { args: '.', flags: 0, options: { O: '0' } }],
    ['build -O=1 --Os .', { args: '.', flags: 0, options: { O: 's' } }],
    ['build -O1 -O=binaryen:2 .', { args: '.', flags: 0, options: { O: 'binaryen:2' } }],
    ['build . -O2', { args: '. -O2', flags: 0 }],
    ['build -linkmode=auto -linkmode external', { args: '', flags: 0, options: { linkmode: 'external' } }],
    // A value that looks like one of our flags is a value.
    ['build -o -switch=x .', { args: '-o -switch=x .', flags: 2 }],
    ['build -tags linkmode -p 4 .', { args: '-tags linkmode -p 4 .', flags: 4 }],
    // What follows the packages is no flag.
    ['build . -switch=x', { args: '. -switch=x', flags: 0 }],
    ['build -- -switch=x', { args: '-- -switch=x', flags: 0 }],
    ['run . -switch=x --linkmode', { args: '. -switch=x --linkmode', flags: 0 }],
    ['run -race -exec a main.go -h', { args: '-race -exec a main.go -h', flags: 3 }],
    // -C counts only as the first argument.
    ['build -C dir -v', { args: '-v', flags: 1, chdir: 'dir' }],
    ['build --C=a=b .', { args: '.', flags: 0, chdir: 'a=b' }],
    ['build -v -C dir', { args: '-v -C dir', flags: 3 }],
    ['build -C', { args: '-C', flags: 1 }],
    // go has its own words for what it does not know, and for a value that is missing.
    ['build -nonsense .', { args: '-nonsense .', flags: 1 }],
    ['build -o', { args: '-o', flags: 1 }],
    ['build ---o x', { args: '---o x', flags: 0 }],
    ["build -toolexec='a", { args: "-toolexec='a", flags: 1 }],
    // The user's -toolexec is taken out; the last one counts.
    ["build -toolexec 'a␣b'␣c .", { args: '.', flags: 0, toolexec: 'a b|c' }],
    ['build -toolexec=a -toolexec=b␣c .', { args: '.', flags: 0, toolexec: 'b|c' }],
    // -linkmode in -ldflags.
    ['build -ldflags=-s␣-w .', { args: '-ldflags=-s -w .', flags: 1 }],
    ['build -ldflags=-linkmode=external .', { args: '-ldflags= .', flags: 1, options: { linkmode: 'external' } }],
    [
      "build -ldflags -s␣--linkmode␣internal␣'-X␣a.b=c␣d' .",
      { args: "-ldflags -s '-X a.b=c d' .", flags: 2, options: { linkmode: 'internal' } },
    ],
    [
      'build -ldflags=./cmd/...=-linkmode=auto␣-w .',
      { args: '-ldflags=./cmd/...=-w .', flags: 1, options: { linkmode: 'auto' } },
    ],
    ['build -ldflags=-X␣-linkmode=x .', { args: '-ldflags=-X -linkmode=x .', flags: 1 }],
    ["build -ldflags='-linkmode=external .", { args: "-ldflags='-linkmode=external .", flags: 1 }],
    // go test: flags may follow the packages, until the test's own arguments.
    [
      'test ./a ./b -run X -linkmode=external -v',
      { args: './a ./b -run X -v', flags: 5, options: { linkmode: 'external' } },
    ],
    ['test -test.run X -switch resume .', { args: '-test.run X .', flags: 3, options: { switch: 'resume' } }],
    ['test . -args -switch=x', { args: '. -args -switch=x', flags: 1 }],
    ['test . -v x -switch=y', { args: '. -v x -switch=y', flags: 2 }],
    ['test . -own x -switch=resume', { args: '. -own x', flags: 3, options: { switch: 'resume' } }],
    ['test -own . -switch=resume', { args: '-own .', flags: 2, options: { switch: 'resume' } }],
    ['test . -own=x y -switch=z', { args: '. -own=x y -switch=z', flags: 2 }],
    // Help is ours in front of the packages.
    ['build -h', { args: '-h', flags: 1, help: true }],
    ['test --help', { args: '--help', flags: 1, help: true }],
    ['test . -h', { args: '. -h', flags: 2 }],
    ['run . -h', { args: '. -h', flags: 0 }],
  ])('go-wasm %s', (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });

  test.each([
    [
      '-switch=goroutines',
      '-switch=goroutines is unknown',
      '-switch takes resume, asyncify, stack-switching, jspi, jump-table, auto',
    ],
    ['-switch', '-switch needs a value', '-switch takes resume, asyncify, stack-switching, jspi, jump-table, auto'],
    [
      '-switch=asincify',
      '-switch=asincify is unknown',
      'did you mean asyncify? -switch takes resume, asyncify, stack-switching, jspi, jump-table, auto',
    ],
    ['-swich=resume', 'there is no flag -swich', 'did you mean switch?'],
    ['-ldflags=-linkmode=foo', '-linkmode=foo is unknown', '-linkmode takes auto, internal, external'],
    ['-verify-each=x', '-verify-each=x is unknown', '-verify-each takes true, false'],
    ...[
      ['-O9', '-O=9'],
      ['-O=binaryen:9', '-O=binaryen:9'],
    ].map(([flag, spelledOut]) => [
      flag!,
      `${spelledOut} is unknown`,
      '-O takes 0, 1, 2, 3, s, binaryen:1, binaryen:2, binaryen:3, binaryen:4, binaryen:s, binaryen:z',
    ]),
  ])('go-wasm build %s', (arg, message, hint) => {
    const error = expect.objectContaining({ code: 'GW5001', message, hint });
    expect(() => parseGoArgs('build', [arg])).toThrow(UsageError);
    expect(() => parseGoArgs('build', [arg])).toThrow(error);
  });
});

test('the last -o, -n and -exec are known', () => {
  const { values } = parseGoArgs('build', ['-o', 'a', '-n', '-o=b', '-n=false', '.']);
  expect(Object.fromEntries(values)).toEqual({ o: 'b', n: 'false' });
});

describe('GOFLAGS', () => {
  test.each<[string, object]>([
    ['-mod=mod  -v', { rest: '-mod=mod  -v', toolexec: undefined, options: {}, exec: false }],
    [`-v "-toolexec='a b' c"`, { rest: '-v', toolexec: ['a b', 'c'], options: {}, exec: false }],
    ['-ldflags=-linkmode=external', { rest: '-ldflags=', toolexec: undefined, options: { linkmode: 'external' } }],
    [`'-ldflags=-s -w' -exec=x`, { rest: `'-ldflags=-s -w' -exec=x`, options: {}, exec: true }],
    [`'-v`, { rest: `'-v`, toolexec: undefined, options: {} }],
  ])('%s', (goflags, expected) => {
    expect(parseGoflags(goflags)).toMatchObject(expected);
  });
});

// go says of a flag that ends its command line whether it wants a value, and of a boolean one that it is no `maybe`.
test('the tables of flags are those of the toolchain in use', async () => {
  const complaint = async (arg: string) => {
    const failed = await promisify(execFile)('go', ['test', '-n', arg]).catch((error) => error);
    return /needs an argument|invalid (boolean )?value|not a valid/.exec(failed.stderr)?.[0];
  };
  const values = [...VALUE_FLAGS].filter((flag) => flag !== 'C');
  const answers = await Promise.all(values.map(async (flag) => [flag, await complaint(`-${flag}`)]));
  expect(answers).toEqual(values.map((flag) => [flag, 'needs an argument']));
  for (const flag of BOOLEAN_FLAGS) {
    // -artifacts came with Go 1.26: an older go takes it for one of the test's.
    if (flag !== 'artifacts')
      expect([flag, await complaint(`-${flag}=maybe?`)]).toEqual([flag, 'invalid boolean value']);
  }
});
