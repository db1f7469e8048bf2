/** The host's side: what it gives to the program, and the calls it makes. */

export const host = { report: (n) => console.log('report', n) };

export function callAll({ fib, sum, remember, countdown, half }) {
  console.log('fib', fib(20));
  console.log('sum', sum(1000));
  console.log('remember', [...'abc'].map((letter) => remember(letter.charCodeAt(0))).join(' '));
  countdown(2);
  console.log('half', half(0.5));
}
