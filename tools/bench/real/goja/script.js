const lines = [];

function fib(n) {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}
lines.push(`fib ${fib(24)}`);

class Vector {
  constructor(x, y) {
    this.x = x;
    this.y = y;
  }
  plus(other) {
    return new Vector(this.x + other.x, this.y + other.y);
  }
}
let sum = new Vector(0, 0);
for (let i = 0; i < 100000; i++) sum = sum.plus(new Vector(i, -i));
lines.push(`vector ${sum.x} ${sum.y}`);

const words = new Map();
const text = 'the quick brown fox jumps over the lazy dog and runs away from the quick dog '.repeat(1500);
for (const [word] of text.matchAll(/\b(\w+)\b/g)) words.set(word, (words.get(word) ?? 0) + 1);
lines.push(`words ${JSON.stringify([...words].sort(([a], [b]) => (a < b ? -1 : 1)))}`);

let seed = 1;
const numbers = Array.from({ length: 30000 }, () => (seed = (seed * 1103515245 + 12345) % 2147483648));
numbers.sort((a, b) => a - b);
lines.push(`sorted ${numbers[0]} ${numbers[15000]} ${numbers.at(-1)}`);

const tree = (depth) => (depth === 0 ? { value: 1 } : { left: tree(depth - 1), right: tree(depth - 1) });
const parsed = JSON.parse(JSON.stringify(tree(13)));
const count = (node) => node.value ?? count(node.left) + count(node.right);
lines.push(`tree ${count(parsed)}`);

let caught = 0;
for (let i = 0; i < 20000; i++) {
  try {
    if (i % 3 === 0) throw new RangeError(String(i));
  } catch (error) {
    caught += error.message.length;
  }
}
lines.push(`caught ${caught}`);

lines.join('\n');
