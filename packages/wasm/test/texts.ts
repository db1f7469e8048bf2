import binaryen from 'binaryen';

// What Binaryen 132 knows and we do not: strings, shared-everything, FP16, custom descriptors, acquire-release and relaxed atomics.
const unsupported = (1 << 14) | (1 << 17) | (1 << 18) | (1 << 21) | (1 << 22) | (1 << 27);
const features = binaryen.Features.All & ~unsupported;

// Its declarations lack the second parameter.
const parseText = binaryen.parseText as (text: string, features: number) => binaryen.Module;
const readBinary = binaryen.readBinary as (bytes: Uint8Array, features: number) => binaryen.Module;

/** Assembles a module with Binaryen, and checks that Binaryen takes it for valid. */
export function assemble(text: string): Uint8Array {
  const module = parseText(text, features);
  try {
    if (!module.validate()) throw new Error('Binaryen finds the test module invalid');
    return module.emitBinary();
  } finally {
    module.dispose();
  }
}

/** A binary module as Binaryen writes it after it read it. */
export function reassemble(bytes: Uint8Array): Uint8Array {
  const module = readBinary(bytes, features);
  try {
    return module.emitBinary();
  } finally {
    module.dispose();
  }
}

/** A binary module as Binaryen's text, or `invalid`. */
export function disassemble(bytes: Uint8Array): string {
  const module = readBinary(bytes, features);
  try {
    return module.validate() ? module.emitText() : 'invalid';
  } finally {
    module.dispose();
  }
}

/** One module for each part of the language, in Binaryen's text. */
export const texts: Record<string, string> = {
  empty: '(module)',
  mvp: `(module
    (type $binary (func (param i32 i64) (result f64)))
    (import "env" "log" (func $log (param i32)))
    (import "env" "base" (global $base i32))
    (memory (export "memory") 1 17)
    (table $t 4 9 funcref)
    (global $counter (mut i64) (i64.const -5000000000))
    (global $pi f64 (f64.const 3.141592653589793))
    (global $tiny f32 (f32.const -0))
    (elem (i32.const 1) $sum $log)
    (data (i32.const 16) "hello\\00\\ffworld")
    (data (global.get $base) "relocated")
    (start $main)
    (export "sum" (func $sum))
    (func $main (call $log (i32.const 2147483647)))
    (func $sum (param $x i32) (param $y i64) (result f64) (local $i i32) (local $z f64) (local $k i32)
      (block $out
        (loop $again
          (br_if $out (i32.ge_s (local.get $i) (local.get $x)))
          (local.set $z (f64.add (local.get $z) (f64.load offset=1000000 align=4 (local.get $i))))
          (i64.store32 offset=4 (i32.const 0) (i64.const 9223372036854775807))
          (local.set $i (i32.add (local.get $i) (i32.const -129)))
          (br $again)))
      (block $c (block $b (block $a
        (br_table $a $b $c $a (local.get $x)))
        (unreachable)))
      (if (i64.eqz (local.get $y)) (then (return (f64.const nan:0x8000000000001))) (else (nop)))
      (drop (call_indirect (type $binary) (i32.const 3) (i64.const 4) (i32.const 1)))
      (drop (memory.grow (memory.size)))
      (drop (select (f32.const 1.5) (f32.const inf) (i32.const 1)))
      (global.set $counter (i64.const -9223372036854775808))
      (local.get $z)))`,
  multiValue: `(module
    (type $pair (func (param i32 i32) (result i32 i64)))
    (func $f (type $pair)
      (local.get 0) (local.get 1)
      (block (param i32 i32) (result i32 i64)
        (i64.extend_i32_u))))`,
  bulkMemory: `(module
    (memory 1) (table $t 10 funcref) (table $u 10 funcref)
    (data $d "abc") (data (i32.const 3) "def")
    (elem $e func $f $f) (elem declare func $g) (elem $x funcref (ref.func $f) (ref.null func))
    (elem (table $u) (i32.const 2) func $g)
    (func $f
      (memory.init $d (i32.const 0) (i32.const 1) (i32.const 2)) (data.drop $d)
      (memory.copy (i32.const 0) (i32.const 1) (i32.const 2))
      (memory.fill (i32.const 0) (i32.const 1) (i32.const 2))
      (table.init $u $e (i32.const 0) (i32.const 1) (i32.const 2)) (elem.drop $e)
      (table.copy $t $u (i32.const 0) (i32.const 1) (i32.const 2))
      (table.init $t $x (i32.const 0) (i32.const 0) (i32.const 1)))
    (func $g (drop (i32.trunc_sat_f64_s (f64.const 1e100))) (drop (i64.extend32_s (i64.const 1)))))`,
  referenceTypes: `(module
    (table $t 1 externref) (table $init 3 3 (ref func) (ref.func $f)) (elem declare func $f)
    (func $f (param externref) (result i32)
      (table.set $t (i32.const 0) (local.get 0))
      (drop (table.grow $t (ref.null extern) (i32.const 1)))
      (table.fill $t (i32.const 0) (table.get $t (i32.const 0)) (table.size $t))
      (drop (select (result funcref) (ref.func $f) (ref.null func) (i32.const 0)))
      (ref.is_null (local.get 0))))`,
  functionReferences: `(module
    (type $f (func (param i32) (result i32)))
    (elem declare func $id)
    (func $id (type $f) (local.get 0))
    (func (param (ref null $f)) (result i32) (local (ref null $f))
      (block $null
        (local.set 1 (br_on_null $null (local.get 0))))
      (drop (block $some (result (ref $f))
        (br_on_non_null $some (local.get 1))
        (ref.as_non_null (local.get 0))))
      (return_call_ref $f (call_ref $f (i32.const 1) (ref.func $id)) (local.get 1))))`,
  tailCalls: `(module
    (type $t (func (param i64) (result i64)))
    (table 1 funcref)
    (func $even (type $t) (return_call $odd (i64.sub (local.get 0) (i64.const 1))))
    (func $odd (type $t) (return_call_indirect (type $t) (local.get 0) (i32.const 0))))`,
  exceptions: `(module
    (type $caught (func (result i32 exnref)))
    (import "env" "tag" (tag $imported (param i64 f32))) (tag $e (param i32)) (tag $none) (export "e" (tag $e))
    (func (result i32)
      (block $outer (result i32)
        (block $all
          (drop (block $ref (result exnref)
            (block $both (type $caught)
              (try_table (result i32 exnref) (catch $e $outer) (catch_ref $e $both) (catch_all_ref $ref) (catch_all $all)
                (throw $e (i32.const 42))))
            (throw_ref))))
        (i32.const 1))))`,
  legacyExceptions: `(module
    (tag $e (param i32)) (tag $none)
    (func (result i32)
      (try $l (result i32)
        (do (try (result i32) (do (i32.const 1)) (delegate $l)))
        (catch $e (drop (pop i32)) (rethrow $l))
        (catch $none (throw $none))
        (catch_all (i32.const 3)))))`,
  simd: `(module (memory 1)
    (func (param v128) (result v128) (local v128 v128 i32)
      (v128.store offset=300 align=4 (i32.const 0) (v128.const i64x2 0x0102030405060708 -1))
      (local.set 1 (v128.load8_lane offset=5 3 (i32.const 0) (local.get 0)))
      (v128.store64_lane align=1 1 (i32.const 0) (local.get 0))
      (local.set 2 (i8x16.shuffle 0 1 2 3 31 30 29 28 8 9 10 11 16 17 18 19 (local.get 0) (local.get 1)))
      (local.set 3 (i16x8.extract_lane_s 7 (local.get 0)))
      (f64x2.replace_lane 1 (i8x16.relaxed_swizzle (local.get 2) (local.get 1)) (f64.const 2))))`,
  threads: `(module (memory 1 2 shared)
    (func (result i32)
      (i64.atomic.store32 offset=8 (i32.const 0) (i64.const 1)) (atomic.fence)
      (drop (i64.atomic.rmw16.cmpxchg_u (i32.const 0) (i64.const 1) (i64.const 2)))
      (drop (memory.atomic.wait64 (i32.const 0) (i64.const 1) (i64.const -1)))
      (memory.atomic.notify offset=4 (i32.const 0) (i32.atomic.load8_u (i32.const 1)))))`,
  memory64: `(module (memory $m i64 1 0x1000000000) (table $t i64 3 4000000000 funcref)
    (data (i64.const 0x100000000) "far")
    (func (param i64) (result i64)
      (drop (i64.load offset=0x123456789a (local.get 0)))
      (i32.store8 offset=0xffffffffff (local.get 0) (i32.const 1))
      (drop (table.get $t (i64.const 1)))
      (memory.size)))`,
  multiMemory: `(module (memory $a 1) (memory $b 2) (memory $c i64 1) (data (memory $b) (i32.const 1) "b") (data $d "x")
    (func
      (i32.store offset=70000 (memory.size $b) (i32.load16_u $b align=1 (i32.const 1)))
      (i64.store $c offset=0x1000000000 (i64.const 1) (i64.const 2))
      (memory.copy $b $a (i32.const 0) (i32.const 1) (i32.const 2))
      (memory.init $b $d (i32.const 0) (i32.const 1) (i32.const 2))
      (memory.fill $b (i32.const 0) (i32.const 1) (i32.const 2))))`,
  wideArithmetic: `(module (func (param i64 i64 i64 i64) (result i64 i64)
      (i64.add128 (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
    (func (param i64 i64) (result i64 i64) (i64.mul_wide_u (local.get 0) (local.get 1))))`,
  gc: `(module
    (rec
      (type $node (sub (struct (field $next (mut (ref null $node))) (field i8) (field (mut i64)))))
      (type $leaf (sub final $node (struct (field (mut (ref null $node))) (field i8) (field (mut i64)) (field (ref $bytes)))))
      (type $bytes (array (mut i8)))
      (type $refs (array (mut (ref null any)))))
    (type $f (func (param anyref)))
    (data $d "bytes") (elem $e (ref i31) (item (ref.i31 (i32.const 1))))
    (global $g (ref $bytes) (array.new_fixed $bytes 2 (i32.const 1) (i32.const 2)))
    (global $h (ref null $node) (ref.null $node))
    (func (param $any anyref) (param $n (ref $node)) (param $b (ref $bytes)) (result i32) (local (ref null struct) (ref null none) (ref eq))
      (drop (struct.new_default $node))
      (drop (struct.new $leaf (ref.null $node) (i32.const 1) (i64.const 2) (global.get $g)))
      (struct.set $node 2 (local.get $n) (i64.const 1))
      (drop (struct.get $node 0 (local.get $n)))
      (drop (array.new_data $bytes $d (i32.const 0) (i32.const 3)))
      (array.set $bytes (array.new $bytes (i32.const 0) (i32.const 4)) (i32.const 0) (array.get_s $bytes (local.get $b) (i32.const 0)))
      (array.fill $bytes (local.get $b) (i32.const 0) (i32.const 1) (array.len (local.get $b)))
      (array.copy $bytes $bytes (local.get $b) (i32.const 0) (local.get $b) (i32.const 1) (i32.const 1))
      (array.init_data $bytes $d (local.get $b) (i32.const 0) (i32.const 1) (i32.const 1))
      (drop (array.new_default $refs (i32.const 3)))
      (drop (ref.test (ref null $leaf) (local.get $any)))
      (drop (ref.cast (ref $leaf) (local.get $any)))
      (drop (block $l (result (ref $leaf))
        (drop (br_on_cast $l anyref (ref $leaf) (local.get $any)))
        (drop (block $m (result anyref)
          (br_on_cast_fail $m anyref (ref null i31) (local.get $any))))
        (unreachable)))
      (drop (extern.convert_any (any.convert_extern (ref.null noextern))))
      (drop (ref.eq (ref.i31 (i32.const 1)) (ref.null eq)))
      (i32.add (i31.get_u (ref.i31 (i32.const 7))) (struct.get_u $node 1 (local.get $n)))))`,
  stackSwitching: `(module
    (type $f (func (result i32))) (type $c (cont $f))
    (type $g (func (param i64) (result i32))) (type $cg (cont $g))
    (type $x (func (param i32 (ref null $c)) (result i32))) (type $cx (cont $x))
    (tag $yield (param i64) (result i32)) (tag $e (param i32)) (tag $switch (result i32))
    (elem declare func $task $task2)
    (func $task (type $f) (suspend $yield (i64.const 3)))
    (func $task2 (type $g) (i32.const 1))
    (func (param (ref $cx)) (result i32)
      (block $h (result i64 (ref $c2))
        (return (resume $c (on $yield $h) (on $switch switch) (cont.new $c (ref.func $task)))))
      (drop) (drop)
      (resume $c (cont.bind $cg $c (i64.const 1) (cont.new $cg (ref.func $task2)))))
    (type $f2 (func (param i32) (result i32))) (type $c2 (cont $f2))
    (func (param (ref $c)) (result i32) (resume_throw $c $e (i32.const 3) (local.get 0)))
    (rec (type $fs (func (param (ref null $cs)))) (type $cs (cont $fs)))
    (tag $swap)
    (func (param (ref $cs)) (drop (switch $cs $swap (local.get 0)))))`,
};
