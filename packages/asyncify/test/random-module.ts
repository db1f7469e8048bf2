/** Modules of random functions that call each other, `env.yield` and `env.log`; each ends. */
export function randomModule(seed: number): string {
  let state = seed | 1;
  const random = (n: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (state >>> 8) % n;
  };
  const count = 3 + random(4);
  const bodies: string[] = [];
  for (let f = 0; f < count; f++) {
    let labels = 0;
    let budget = 14;
    const local = (): string => `$v${random(4)}`;
    const call = (depth: number): string => {
      const argument = expression(depth + 1);
      const callee = f + 1 + random(3);
      switch (random(4)) {
        case 0:
          return `(call $yield ${argument})`;
        case 1:
          return `(call $log ${argument})`;
        case 2:
          if (callee < count) return `(call $f${callee} ${argument})`;
          return `(call $yield ${argument})`;
        default:
          if (callee < count) return `(call_indirect (type $t) ${argument} (i32.const ${callee}))`;
          return `(call $log ${argument})`;
      }
    };
    const expression = (depth: number): string => {
      if (depth > 3 || budget-- <= 0) return random(2) ? `(local.get ${local()})` : `(i32.const ${random(100)})`;
      switch (random(6)) {
        case 0:
          return `(i32.add ${expression(depth + 1)} ${expression(depth + 1)})`;
        case 1:
          return `(i32.xor ${expression(depth + 1)} ${call(depth)})`;
        case 2:
          return `(i32.wrap_i64 (i64.mul (local.get $w) (i64.extend_i32_s ${expression(depth + 1)})))`;
        case 3:
          return `(i32.load offset=64 (i32.and ${expression(depth + 1)} (i32.const 0xfc)))`;
        case 4:
          return `(if (result i32) (i32.and ${expression(depth + 1)} (i32.const 1)) (then ${expression(depth + 1)}) (else ${expression(depth + 1)}))`;
        default:
          return call(depth);
      }
    };
    const statement = (depth: number): string => {
      switch (random(depth > 2 ? 4 : 7)) {
        case 0:
          return `(local.set ${local()} ${expression(0)})`;
        case 1:
          return `(i32.store offset=64 (i32.and ${expression(1)} (i32.const 0xfc)) ${expression(1)})`;
        case 2:
          return `(local.set $w (i64.add (local.get $w) (i64.extend_i32_u ${expression(1)})))`;
        case 3:
          return `(drop ${call(0)})`;
        case 4: {
          const [label, counter] = [`$l${labels++}`, `$c${depth}`];
          return `(local.set ${counter} (i32.const ${1 + random(3)}))
            (loop ${label} ${statements(depth + 1)}
              (br_if ${label} (local.tee ${counter} (i32.sub (local.get ${counter}) (i32.const 1)))))`;
        }
        case 5: {
          const label = `$b${labels++}`;
          return `(block ${label} ${statements(depth + 1)} (br_if ${label} ${expression(1)}) ${statements(depth + 1)})`;
        }
        default:
          return `(if ${expression(1)} (then ${statements(depth + 1)}) (else ${statements(depth + 1)}))`;
      }
    };
    const statements = (depth: number): string =>
      Array.from({ length: 1 + random(3) }, () => statement(depth)).join('\n');
    const last = f + 1 < count && random(3) === 0 ? `(return_call $f${f + 1} (local.get $v1))` : expression(0);
    bodies.push(`(func $f${f} (type $t) (param $v0 i32) (result i32)
      (local $v1 i32) (local $v2 i32) (local $v3 i32) (local $w i64) (local $c0 i32) (local $c1 i32) (local $c2 i32)
      (local.set $w (i64.const ${random(1000)}))
      ${statements(0)} ${statements(0)} ${last})`);
  }
  return `(module
    (type $t (func (param i32) (result i32)))
    (import "env" "yield" (func $yield (param i32) (result i32)))
    (import "env" "log" (func $log (param i32) (result i32)))
    (memory (export "memory") 2)
    (table ${count} funcref)
    (elem (i32.const 0) ${bodies.map((_, f) => `$f${f}`).join(' ')})
    ${bodies.join('\n')}
    (export "main" (func $f0)))`;
}
