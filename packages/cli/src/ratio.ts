/** How a size has changed, for people. */
export function ratio(before: number, after: number): string {
  if (before === 0) return 'new';
  return after === 0 ? 'gone' : (after / before).toFixed(3);
}
